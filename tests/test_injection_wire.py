"""The same on the wire: what arrives at a server has the lines that a request has, and no other."""
