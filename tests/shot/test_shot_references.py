import numpy as np
import pytest
from tiny_shots import drawing, make_reference, make_shot

from longanimation.errors import InputError
from longanimation.media import encode_png, open_sequence
from longanimation.shot import read_references
from longanimation.shot.drawings import read_drawing


@pytest.fixture
def sequence(tmp_path):
    return open_sequence(make_shot(tmp_path / "in", 4, first=37))


def test_a_key_frame_has_the_drawing_of_the_frame_with_that_number(tmp_path, sequence):
    path = make_reference(tmp_path / "key.png")
    (reference,) = read_references([f"{path}@39"], sequence, mode="drawn")
    assert reference.frame == 2
    assert np.array_equal(reference.drawing.lines, read_drawing(drawing(2), "drawn").lines)
    assert not np.array_equal(reference.drawing.lines, read_drawing(drawing(1), "drawn").lines)
    (pair,) = read_references([(path, 39)], sequence, mode="drawn")
    assert pair.frame == 2 and np.array_equal(pair.image, reference.image)


def test_a_key_frame_of_another_size_is_brought_to_the_shots_size_and_that_is_said(tmp_path, sequence):
    notes = []
    path = make_reference(tmp_path / "key.png", size=(48, 64))
    (reference,) = read_references([f"{path}@37"], sequence, mode="drawn", notes=notes)
    assert reference.image.shape == (24, 32, 3) and "64x48 to 32x24" in notes[0]


def test_a_key_frame_of_another_shape_is_refused(tmp_path, sequence):
    path = make_reference(tmp_path / "key.png", size=(40, 40))
    with pytest.raises(InputError, match="not a frame of this shot"):
        read_references([f"{path}@37"], sequence, mode="drawn")


def test_a_sheet_keeps_its_own_size_and_has_lines_of_its_own(tmp_path, sequence):
    path = make_reference(tmp_path / "sheet.png", size=(60, 30))
    (reference,) = read_references(str(path), sequence, mode="drawn")
    assert reference.frame is None and reference.image.shape == (60, 30, 3)
    assert reference.drawing.lines.shape == (60, 30)


def test_a_background_is_named_so_and_brought_to_the_shots_size(tmp_path, sequence):
    path = make_reference(tmp_path / "hills.png", size=(48, 64))
    for given in (f"{path}@background", (path, "background")):
        (reference,) = read_references(given, sequence, mode="drawn")
        assert reference.background and reference.frame is None and reference.image.shape == (24, 32, 3)
    path = make_reference(tmp_path / "tall.png", size=(40, 40))
    with pytest.raises(InputError, match="without @background"):
        read_references([f"{path}@background"], sequence, mode="drawn")


def test_a_name_with_an_at_sign_is_a_name_if_such_a_file_exists(tmp_path, sequence):
    path = make_reference(tmp_path / "ref@2")
    (reference,) = read_references([path], sequence, mode="drawn")
    assert reference.frame is None


def test_transparency_is_laid_on_white(tmp_path, sequence):
    image = np.zeros((10, 10, 4), np.uint8)
    image[:5] = (200, 100, 50, 255)
    image[4] = (0, 0, 0, 128)
    (tmp_path / "cel.png").write_bytes(encode_png(image))
    (reference,) = read_references(tmp_path / "cel.png", sequence, mode="drawn")
    assert reference.image[0, 0].tolist() == [200, 100, 50]
    assert reference.image[4, 0].tolist() == [127, 127, 127]
    assert reference.image[9, 9].tolist() == [255, 255, 255]


def test_arrays_serve_as_references_one_or_several(sequence):
    image = np.full((24, 32, 3), 9, np.uint8)
    assert [r.frame for r in read_references(image, sequence, mode="drawn")] == [None]
    assert [r.frame for r in read_references((image, 38), sequence, mode="drawn")] == [1]
    assert [r.frame for r in read_references([image, (image, 38)], sequence, mode="drawn")] == [None, 1]


@pytest.mark.parametrize(
    "name,message",
    [
        ("gone.png", "not found"),
        ("gone.png@37", "not found"),
        ("ref.png@36", "no frame 36.*37 to 40"),
        ("text.png", "read"),
    ],
)
def test_a_reference_that_cannot_be_used_is_named(tmp_path, sequence, name, message):
    make_reference(tmp_path / "ref.png")
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(InputError, match=message):
        read_references([tmp_path / name], sequence, mode="drawn")


def test_no_reference_at_all_is_refused(sequence):
    with pytest.raises(InputError, match="no reference"):
        read_references([], sequence, mode="drawn")
