"""A tokenizer of whole words, for a text encoder of our own that has few sentences to learn from."""

from __future__ import annotations

from collections.abc import Iterable

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"


def word_tokenizer(words: Iterable[str]):
    """A `transformers` tokenizer: lower-case words and . , : as tokens, with T5's pad (0) and end (1) of sentence.

    words: all that it knows; others become one and the same unknown word. (Bytes take an encoder of this size thirty
    times as long to learn: docs/training.md.)
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    known = {word: place for place, word in enumerate((PAD, END, UNKNOWN, *sorted(set(words))))}
    tokenizer = Tokenizer(models.WordLevel(known, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[a-z]+|[.,:]"), behavior="removed", invert=True)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, known[END])])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, unk_token=UNKNOWN)
