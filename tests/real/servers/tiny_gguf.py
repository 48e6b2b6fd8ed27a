"""Writes a GGUF of a Llama of random weights with a byte-level vocabulary: ``tiny_gguf.py FILE``. Needs gguf, numpy."""

import sys

import gguf
import numpy as np

WIDTH, LAYERS, HEADS, INNER, CONTEXT = 64, 2, 4, 128, 1024
SPECIAL = ["<pad>", "<s>", "</s>", "[system]", "[user]", "[assistant]"]
TEMPLATE = (
    "{% for m in messages %}{{ '[' + m['role'] + ']' + m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '[assistant]' }}{% endif %}"
)


def letters() -> list[str]:
    """The printable sign of each byte, as byte-level vocabularies write them: some as they are, others shifted."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    signs = {byte: chr(byte) for byte in shown} | {byte: chr(256 + place) for place, byte in enumerate(hidden)}
    return [signs[byte] for byte in range(256)]


def main(path: str) -> None:
    """Write the file."""
    signs = letters()
    merges = ["t h", "th e", "a n", "an d", "i n", "o n"]
    tokens = [*SPECIAL, *signs, *(merge.replace(" ", "") for merge in merges)]
    kinds = [gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.NORMAL] * (len(tokens) - len(SPECIAL))
    out = gguf.GGUFWriter(path, "llama")
    out.add_name("tiny")
    out.add_context_length(CONTEXT)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_vocab_size(len(tokens))
    out.add_file_type(gguf.LlamaFileType.ALL_F32)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(tokens)
    out.add_token_types(kinds)
    out.add_token_merges(merges)
    out.add_pad_token_id(0)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_add_bos_token(True)
    out.add_chat_template(TEMPLATE)
    random = np.random.default_rng(7)

    def weight(name: str, *shape: int) -> None:
        out.add_tensor(f"{name}.weight", (random.standard_normal(shape) * 0.3).astype(np.float32))

    def ones(name: str) -> None:
        out.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))

    weight("token_embd", len(tokens), WIDTH)
    weight("output", len(tokens), WIDTH)
    ones("output_norm")
    for layer in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            ones(f"blk.{layer}.{name}")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            weight(f"blk.{layer}.{name}", WIDTH, WIDTH)
        for name in ("ffn_gate", "ffn_up"):
            weight(f"blk.{layer}.{name}", INNER, WIDTH)
        weight(f"blk.{layer}.ffn_down", WIDTH, INNER)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    main(sys.argv[1])
