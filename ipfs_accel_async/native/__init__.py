"""What only one provider has: its own handle, ``client.openai.files``, typed and through the same stack."""
