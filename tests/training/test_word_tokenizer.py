import re

from longanimation.data.synth import Scene
from longanimation.data.synth.sentences import vocabulary
from longanimation.training.word_tokenizer import END, PAD, UNKNOWN, word_tokenizer
from longanimation.weights.load import load_tokenizer


def test_words_and_signs_are_tokens_and_all_others_one_unknown_word(tmp_path):
    tokenizer = word_tokenizer(["sea", "night", ",", "the"])
    tokens = tokenizer("The SEA, by-night!", padding="max_length", max_length=8, truncation=True).input_ids
    assert tokenizer.convert_ids_to_tokens(tokens) == ["the", "sea", ",", UNKNOWN, "night", END, PAD, PAD]
    assert tokenizer("").input_ids == [1] and tokenizer.pad_token_id == 0
    tokenizer.save_pretrained(tmp_path)
    assert load_tokenizer(tmp_path)("the night").input_ids == tokenizer("the night").input_ids


def test_the_vocabulary_has_every_word_of_drawn_scenes():
    known = set(vocabulary())
    assert len(known) + 3 <= 256, "the text encoder of mini has so many rows"
    for split in ("train", "test"):
        for seed in range(40):
            scene = Scene.random(seed, split=split, frames=9, size=(32, 48), look="painted")
            words = set(re.findall(r"[a-z]+|[.,:]", " ".join(scene.prompts).lower()))
            assert words <= known, words - known
