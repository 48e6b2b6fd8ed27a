"""What happened, counted in bounded memory."""
