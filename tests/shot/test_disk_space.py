import shutil

import pytest

from longanimation.errors import InputError
from longanimation.shot.disk_space import check_disk_space


def test_a_shot_that_fits_needs_no_word_even_if_the_folder_is_not_there_yet(tmp_path):
    assert check_disk_space(tmp_path / "new" / "out", frames=2, size=(24, 32)) == []


def test_a_shot_that_may_not_fit_is_said_and_one_that_cannot_is_refused(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    frame = 1080 * 1920 * 3
    (note,) = check_disk_space(tmp_path / "out.mp4", frames=int(4 * free / frame), size=(1080, 1920))
    assert "may be written" in note and "are free on the disk of" in note
    with pytest.raises(InputError, match=r"at least and .* are free .*; make room, or choose another output"):
        check_disk_space(tmp_path / "out", frames=int(100 * free / frame), size=(1080, 1920))
