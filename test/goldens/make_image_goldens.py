"""Make test/goldens/images.json: small PNG and JPEG files of every kind, and the pixels that Pillow reads from them.

    python3 test/goldens/make_image_goldens.py        (needs Pillow; writes beside this file)

`file` and `pixels` are base64; pixels are RGB over white, turned as Exif says. Files of JPEG are smooth pictures, so that
decoders that interpolate colours differently differ by little. YCCK is the file of CMYK with another number in its Adobe
segment, since Pillow does not write it.
"""
import base64
import io
import json
import pathlib
import struct
import zlib

from PIL import Image, ImageOps

WIDTH, HEIGHT = 19, 13


def smooth(x, y):
    return (20 + 11 * x, 235 - 9 * x - 5 * y, 40 + 13 * y)


def picture():
    image = Image.new("RGB", (WIDTH, HEIGHT))
    image.putdata([smooth(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
    return image


def alpha():
    mask = Image.new("L", (WIDTH, HEIGHT))
    mask.putdata([(x * 37 + y * 11) % 256 for y in range(HEIGHT) for x in range(WIDTH)])
    return mask


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def over_white(image):
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        return Image.frombytes("L", image.size, bytes(round(v / 257) for v in image.getdata())).convert("RGB")
    if image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def chunk(tag, content):
    return struct.pack(">I", len(content)) + tag + content + struct.pack(">I", zlib.crc32(tag + content))


def png(width, height, depth, kind, raw, interlace=0, more=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def interlaced_bits(depth):
    """A grey picture of few bits in the seven passes of Adam7."""
    raw = b""
    for x0, dx, y0, dy in [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)]:
        for y in range(y0, HEIGHT, dy):
            bits = "".join(format((3 * x + 5 * y) % 2**depth, f"0{depth}b") for x in range(x0, WIDTH, dx))
            if bits:
                bits += "0" * (-len(bits) % 8)
                raw += bytes([0]) + int(bits, 2).to_bytes(len(bits) // 8, "big")
    return png(WIDTH, HEIGHT, depth, 0, raw, interlace=1)


def with_orientation(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


colour, mask = picture(), alpha()
grey = colour.convert("L")
cmyk = colour.convert("CMYK")
cmyk.putdata([(c, m, y, (7 * at) % 90) for at, (c, m, y, _) in enumerate(cmyk.getdata())])
with_alpha = colour.copy()
with_alpha.putalpha(mask)
grey_alpha = Image.merge("LA", (grey, mask))
deep = Image.frombytes("I;16", (WIDTH, HEIGHT), b"".join(struct.pack("<H", (x * 3001 + y * 555) % 65536) for y in range(HEIGHT) for x in range(WIDTH)))
palette = lambda colours: colour.quantize(colours)

PNGS = {
    "grey": saved(grey, "PNG"),
    "grey of 1 bit": saved(grey.convert("1"), "PNG"),
    "grey of 16 bits": saved(deep, "PNG"),
    "grey with alpha": saved(grey_alpha, "PNG"),
    "colour": saved(colour, "PNG"),
    "colour with alpha": saved(with_alpha, "PNG"),
    "palette of 1 bit": saved(palette(2), "PNG", bits=1),
    "palette of 2 bits": saved(palette(4), "PNG", bits=2),
    "palette of 4 bits": saved(palette(16), "PNG", bits=4),
    "palette of 8 bits": saved(palette(64), "PNG"),
    "palette with alpha": saved(palette(16), "PNG", transparency=bytes([0, 128, 255, 30])),
    "grey with a transparent level": saved(grey, "PNG", transparency=grey.getpixel((3, 4))),
    "colour with a transparent colour": saved(colour, "PNG", transparency=colour.getpixel((3, 4))),
    "interlaced grey of 1 bit": interlaced_bits(1),
    "interlaced grey of 2 bits": interlaced_bits(2),
    "interlaced grey of 4 bits": interlaced_bits(4),
    "interlaced grey of 8 bits": interlaced_bits(8),
    "one pixel": saved(colour.crop((3, 4, 4, 5)), "PNG"),
    "orientation 6": saved(colour, "PNG", exif=with_orientation(6)),
}

baseline = saved(colour, "JPEG", quality=92, subsampling=0)
ink = saved(cmyk, "JPEG", quality=92)
adobe = ink.index(b"Adobe")
JPEGS = {
    "baseline": baseline,
    "subsampled by 2 x 2": saved(colour, "JPEG", quality=92, subsampling=2),
    "subsampled by 2 x 1": saved(colour, "JPEG", quality=92, subsampling=1),
    "grey": saved(grey, "JPEG", quality=92),
    "progressive": saved(colour, "JPEG", quality=92, subsampling=0, progressive=True),
    "progressive grey": saved(grey, "JPEG", quality=92, progressive=True),
    "optimized": saved(colour, "JPEG", quality=92, subsampling=0, optimize=True),
    "with restarts": saved(colour, "JPEG", quality=92, subsampling=0, restart_marker_blocks=2),
    "grey with restarts": saved(grey, "JPEG", quality=92, restart_marker_blocks=4),
    "RGB": saved(colour, "JPEG", quality=92, keep_rgb=True),
    "CMYK": ink,
    "YCCK": ink[: adobe + 11] + bytes([2]) + ink[adobe + 12 :],
    "one pixel": saved(colour.crop((3, 4, 4, 5)), "JPEG", quality=92),
    **{
        f"orientation {turn}": saved(colour.resize((9, 7)), "JPEG", quality=92, subsampling=0, exif=with_orientation(turn))
        for turn in range(1, 9)
    },
}

entries = []
for kind, files in [("png", PNGS), ("jpeg", JPEGS)]:
    for name, file in files.items():
        assert len(file) < 2048, (name, len(file))
        image = over_white(Image.open(io.BytesIO(file)))
        text = lambda content: base64.b64encode(content).decode()
        entries.append({
            "kind": kind, "name": name, "width": image.width, "height": image.height,
            "file": text(file), "pixels": text(image.tobytes()),
        })

path = pathlib.Path(__file__).parent / "images.json"
path.write_text(json.dumps(entries, indent=0) + "\n")
