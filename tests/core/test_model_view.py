"""Photos of every kind are read as a person sees them, and the rest is refused with a reason."""

import io
import struct
import time
import zlib
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageOps

from core.photos.model_view import to_model_view
from core.photos.picture import MAX_BYTES, UnreadablePhoto, read
from core.photos.picture import _undecodable as undecodable

OUTLINE = (
    *((80, 40), (160, 40), (220, 100), (190, 130), (165, 105), (165, 260)),
    *((75, 260), (75, 105), (50, 130), (20, 100)),
)


Colour = str | tuple[int, ...]


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def shirt(item: Colour = "#303030", ground: Colour = "#f0f0f0", mode: str = "RGB") -> Image.Image:
    picture = Image.new(mode, (240, 300), ground)
    ImageDraw.Draw(picture).polygon(OUTLINE, fill=item)
    return picture


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header promises that many black pixels; the file itself is small."""
    rows = zlib.compress(bytes(width // 8 + 1) * min(height, 1000), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"),
        ("L", "JPEG"),
        ("LA", "PNG"),
        ("P", "GIF"),
        ("PA", "TIFF"),
        ("RGB", "WEBP"),
        ("RGB", "BMP"),
        ("RGBA", "PNG"),
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("YCbCr", "TIFF"),
        ("LAB", "TIFF"),
    ],
)
def test_a_picture_of_any_mode_and_format_is_read_as_pillow_shows_it(mode: str, kind: str) -> None:
    picture = shirt().convert("LA" if mode == "PA" else "RGB").convert(mode)
    data = encoded(picture, kind)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=int)
    assert np.abs(read(data).pixels - expected).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_and_not_clipped(kind: str) -> None:
    values = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    seen = read(encoded(Image.fromarray(values), kind)).pixels[..., 0]
    assert np.abs(seen - values / 257).max() <= 1


@pytest.mark.parametrize("top", [1.0, 255.0, 4000.0])
def test_floating_point_pictures_keep_their_order_of_tones(top: float) -> None:
    values = np.linspace(0, top, 256, dtype=np.float32).reshape(16, 16)
    seen = read(encoded(Image.fromarray(values), "TIFF")).pixels[..., 0].astype(int).ravel()
    assert (np.diff(seen) >= 0).all()
    assert seen[-1] > seen[0]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "MPO", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_a_photo_of_any_format_is_turned_as_the_camera_held_it(kind: str, orientation: int) -> None:
    pillow_heif.register_heif_opener()
    exif, plain = Image.Exif(), shirt()
    exif[0x0112] = orientation
    if kind == "HEIF":
        # It is turned by a property of its own, which is written from the tag of the picture.
        plain.info["exif"] = exif.tobytes()
    photo = read(encoded(plain, kind, **({} if kind == "HEIF" else {"exif": exif})))
    turned = shirt()
    turned.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(turned), dtype=int)
    assert photo.pixels.shape == upright.shape
    assert np.abs(photo.pixels - upright).mean() < 4
    if kind != "HEIF":
        assert ("rotated to match the camera orientation" in photo.notes) == (orientation > 1)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (ValueError("Memory allocation error: Unspecified: Allocating 146313231 bytes failed"), "too much memory"),
        (RuntimeError("Pixel allocation failed: Out of memory"), "too much memory"),
        (MemoryError(), "too much memory"),
        (OSError("image file is truncated (3 bytes not processed)"), "cut short"),
        (OSError("broken data stream"), "damaged"),
    ],
)
def test_what_a_decoder_stumbled_over_is_said_in_words(trouble: Exception, reason: str) -> None:
    assert reason in undecodable(trouble, "a.heic").message


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_orientation_is_no_reason_to_refuse_a_photo() -> None:
    data = encoded(shirt(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert read(data).pixels.shape == (300, 240, 3)


def test_transparent_parts_become_white_and_cut_the_item_out() -> None:
    white_on_nothing = shirt((255, 255, 255, 255), (0, 0, 0, 0), "RGBA")
    photo = read(encoded(white_on_nothing))
    assert (photo.pixels[0, 0] == 255).all()
    view = to_model_view(photo)
    assert "item cut out by transparency" in view.notes
    height, width = view.stages["cut-out"].shape[:2]
    assert height / width == pytest.approx(221 / 201, abs=0.02)


def test_a_palette_with_a_transparent_colour_becomes_white_there() -> None:
    picture = shirt("#ff0000", "#00ff00").quantize(4)
    ground = picture.getpixel((0, 0))
    photo = read(encoded(picture, "PNG", transparency=ground))
    assert (photo.pixels[0, 0] == 255).all()
    assert tuple(photo.pixels[150, 120]) == (255, 0, 0)


def test_an_embedded_colour_profile_is_honoured() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    orange = shirt("#e67814")
    in_lab = ImageCms.profileToProfile(orange, srgb, lab, outputMode="LAB")
    assert in_lab is not None
    seen = read(encoded(in_lab, "TIFF", icc_profile=lab.tobytes())).pixels
    assert np.abs(seen.astype(int) - np.asarray(orange)).max() <= 6


def test_a_colour_profile_that_does_not_fit_is_ignored() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (lab, b"no profile"):
        assert np.array_equal(read(encoded(shirt(), icc_profile=profile)).pixels, np.asarray(shirt()))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animated_file_the_first_frame_is_used_and_that_is_said(kind: str) -> None:
    frames = [shirt("black"), shirt("white", "black")]
    photo = read(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert photo.pixels[0, 0].min() > 200
    assert photo.notes == ("animated: its first frame is used",)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"It was a dark and stormy night.", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "film|damaged|not a picture"),
        (encoded(shirt(), "JPEG")[:1500], "cut short"),
        (encoded(shirt())[:-400], "cut short"),
        (encoded(shirt(), "WEBP")[:-200], "damaged|cut short|not a picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "not a picture|damaged"),
        (bytes(MAX_BYTES + 1), "10.0 MB; the limit is 10 MB"),
        (png_of_size(20_000, 20_000), "megapixels"),
        (png_of_size(9_000, 9_000), "81 megapixels"),
    ],
)
def test_what_is_no_usable_picture_is_refused_with_a_reason_and_what_to_do(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadablePhoto, match=reason) as refused:
        read(data, "holiday.jpg")
    assert refused.value.kind == "photo"
    assert refused.value.message.startswith("holiday.jpg ")
    assert refused.value.advice


def test_the_name_does_not_decide_the_format() -> None:
    assert np.array_equal(read(encoded(shirt(), "PNG"), "shirt.jpg").pixels, np.asarray(shirt()))


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 2)])
def test_a_picture_of_extreme_size_still_gives_a_view(size: tuple[int, int]) -> None:
    view = to_model_view(read(encoded(Image.new("RGB", size, "red"))))
    assert view.image.shape == (28, 28)


def test_a_dark_item_on_light_and_its_negative_give_the_same_view() -> None:
    dark_on_light = to_model_view(read(encoded(shirt("#202020", "#ffffff"))))
    light_on_dark = to_model_view(read(encoded(shirt("#dfdfdf", "#000000"))))
    assert (dark_on_light.polarity, light_on_dark.polarity) == ("dark-on-light", "light-on-dark")
    # The outlines that are found differ by a fraction of a pixel.
    assert np.abs(dark_on_light.image.astype(int) - light_on_dark.image).mean() < 6


def test_the_item_is_bright_on_black_touches_two_edges_and_is_centred() -> None:
    image = to_model_view(read(encoded(shirt("#202020", "#ffffff")))).image
    rows, columns = np.flatnonzero(image.max(axis=1)), np.flatnonzero(image.max(axis=0))
    assert (rows[0], rows[-1]) == (0, 27)
    assert abs((27 - columns[-1]) - columns[0]) <= 1
    assert image[0, 0] == 0
    assert image[14, 14] == 255 - 0x20


def test_the_place_of_the_item_in_the_photo_does_not_matter() -> None:
    wide = Image.new("RGB", (500, 400), "#f0f0f0")
    wide.paste(shirt(), (250, 60))
    alone, placed = (to_model_view(read(encoded(picture))).image > 40 for picture in (shirt(), wide))
    assert (alone == placed).mean() > 0.95


def test_polarity_can_be_chosen_and_the_view_says_so() -> None:
    photo = read(encoded(shirt()))
    kept = to_model_view(photo, polarity="light-on-dark")
    assert kept.polarity == "light-on-dark"
    assert kept.notes[-1].endswith("(as chosen)")
    assert "negative" not in kept.stages


def test_a_white_item_on_white_is_lifted_until_it_can_be_seen() -> None:
    view = to_model_view(read(encoded(shirt("#e9e9e9", "#ffffff"))))
    assert np.median(view.image[view.image > 0]) == pytest.approx(127, abs=8)


def test_turning_a_photo_is_turning_its_pixels() -> None:
    picture = shirt().crop((0, 0, 200, 300))
    turned = read(encoded(picture.transpose(Image.Transpose.ROTATE_270)))
    view = to_model_view(read(encoded(picture)), turn=90)
    assert np.array_equal(view.stages["original"], turned.pixels)
    assert np.array_equal(view.image, to_model_view(turned).image)


def test_only_what_is_inside_the_crop_is_looked_at() -> None:
    pair = Image.new("RGB", (480, 300), "#f0f0f0")
    pair.paste(shirt(), (0, 0))
    pair.paste("#101010", (300, 100, 420, 280))
    view = to_model_view(read(encoded(pair)), crop=(0, 0, 0.5, 1))
    assert np.array_equal(view.image, to_model_view(read(encoded(shirt()))).image)


@pytest.mark.parametrize("crop", [(0.5, 0, 0.5, 1), (0, 0.8, 1, 0.2), (-0.1, 0, 1, 1), (0, 0, 1, 1.5)])
def test_a_crop_that_is_no_box_in_the_photo_is_refused(crop: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="not a box"):
        to_model_view(read(encoded(shirt())), crop=crop)


def test_without_cutting_out_all_of_the_photo_is_shown() -> None:
    view = to_model_view(read(encoded(shirt("#303030", "#a0a0a0"))), cut_out=False)
    assert "not cut out: the whole picture is used" in view.notes
    assert view.image[0, 14] == 255 - 0xA0
    assert view.frame == pytest.approx((-0.125, 0, 1.125, 1))


def test_who_chooses_all_of_the_photo_says_that_something_is_there() -> None:
    plain = read(encoded(Image.new("RGB", (90, 90), "#808080")))
    assert not to_model_view(plain).stands_out
    assert to_model_view(plain, cut_out=False).stands_out


def test_the_frame_says_which_part_of_the_photo_the_model_sees() -> None:
    wide = Image.new("RGB", (500, 400), "#f0f0f0")
    wide.paste(shirt(), (250, 60))
    outline = np.array(OUTLINE) + (250, 60)
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    middle, half = (left + right) / 2, (bottom - top) / 2
    expected = ((middle - half) / 500, top / 400, (middle + half) / 500, bottom / 400)
    whole = to_model_view(read(encoded(wide))).frame
    inside = to_model_view(read(encoded(wide)), crop=(0.4, 0, 1, 1)).frame
    assert whole == pytest.approx(expected, abs=0.02)
    assert inside == pytest.approx(expected, abs=0.02)


def test_the_stages_lead_from_the_original_to_what_the_model_sees() -> None:
    photo = read(encoded(shirt()))
    view = to_model_view(photo)
    assert list(view.stages) == ["original", "cut-out", "grey", "negative", "what the model sees"]
    assert np.array_equal(view.stages["original"], photo.pixels)
    assert np.array_equal(view.stages["what the model sees"], view.image)
    assert {stage.dtype for stage in view.stages.values()} == {np.dtype(np.uint8)}


def test_where_nothing_stands_out_the_whole_picture_is_used_and_that_is_said() -> None:
    view = to_model_view(read(encoded(Image.new("RGB", (90, 90), "#808080"))))
    assert "no item found: the whole picture is used" in view.notes


def test_the_view_does_not_change_from_one_call_to_the_next() -> None:
    data = encoded(Image.effect_noise((300, 200), 60).convert("RGB"), "JPEG")
    assert np.array_equal(to_model_view(read(data)).image, to_model_view(read(data)).image)


def test_an_item_is_found_on_a_patterned_ground() -> None:
    boards = np.repeat(np.random.default_rng(0).integers(90, 200, (1, 30)), 8, axis=1)[..., None] * (1.0, 0.7, 0.4)
    picture = Image.fromarray(np.broadcast_to(boards, (300, 240, 3)).astype(np.uint8))
    ImageDraw.Draw(picture).polygon(OUTLINE, fill="#203060")
    view = to_model_view(read(encoded(picture)))
    truth = to_model_view(read(encoded(shirt("#203060", (0, 0, 0, 0), "RGBA"))))
    assert view.stands_out
    assert ((view.image > 60) == (truth.image > 60)).mean() > 0.93


def test_a_photo_of_twelve_megapixels_takes_less_than_three_tenths_of_a_second() -> None:
    data = encoded(shirt().resize((4000, 3000)), "JPEG")
    times = []
    for _ in range(3):
        # The work that it is, however busy the machine happens to be.
        start = time.process_time()
        to_model_view(read(data))
        times.append(time.process_time() - start)
    assert min(times) < 0.3
