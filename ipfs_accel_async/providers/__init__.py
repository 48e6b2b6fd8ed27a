"""Codecs: one provider a file, file name = provider name. Pure: values in, values out."""
