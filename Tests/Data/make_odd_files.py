#!/usr/bin/env python3
"""Writes vectors/odd.zip: one small file of every kind that a data folder may hold, whole, odd, damaged and hostile.

index.txt in it has a line for each: name, verdict, width, height, description. The verdict is what a reader must do:
    equal   read it as Pillow does, to the last bit (NAME.rgb holds Pillow's pixels)
    near    read it within a few levels of Pillow's pixels (ImageSharp's transform and upsampling)
    read    read it; pixels are a matter of taste (transparency, wrong colour models)
    refuse  say in one line what is wrong
    either  read it, or refuse it
Needs Pillow and cjpeg (Debian: python3-pil libjpeg-turbo-progs); the shipped file was made with Pillow 9.4, libjpeg-turbo 2.1.5.
"""
import io
import os
import random
import struct
import subprocess
import zipfile
import zlib

from PIL import Image, ImageDraw, ImageFilter

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors")
W, H = 37, 26


def scene():
    image = Image.new("RGB", (W, H))
    draw = ImageDraw.Draw(image)
    for y in range(H):
        draw.line((0, y, W, y), fill=(40 + 5 * y, 90, 220 - 6 * y))
    draw.ellipse((5, 4, 22, 20), fill=(230, 180, 40))
    draw.rectangle((20, 12, 33, 23), fill=(30, 120, 60))
    return image.filter(ImageFilter.GaussianBlur(0.7))


SOURCE = scene()
GRAY = SOURCE.convert("L")
files, index = {}, []


def put(name, data, verdict, what):
    data = bytes(data)
    files[name] = data
    width, height = W, H
    if verdict in ("equal", "near"):
        image = Image.open(io.BytesIO(data))
        image.load()
        image = image.convert("RGB")
        width, height = image.size
        files[name + ".rgb"] = image.tobytes()
    index.append(f"{name} {verdict} {width} {height} {what}")
    return data


def jpeg(*options, image=SOURCE):
    buffer = io.BytesIO()
    image.save(buffer, "PPM")
    return subprocess.run(["cjpeg", "-quality", "88", *options], input=buffer.getvalue(), capture_output=True, check=True).stdout


def saved(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def patched(data, at, values):
    data = bytearray(data)
    data[at:at + len(values)] = values
    return data


def frame(data):
    return next(i for i in (data.find(m) for m in (b"\xff\xc0", b"\xff\xc1", b"\xff\xc2")) if i >= 0)


def jpegs():
    for sampling in ["1x1", "2x1", "2x2", "1x2", "4x1", "4x2", "1x4", "2x4"]:
        put(f"baseline-{sampling}.jpg", jpeg("-sample", sampling), "equal", f"baseline, sampling {sampling}")
        put(f"progressive-{sampling}.jpg", jpeg("-progressive", "-sample", sampling), "near", f"progressive, sampling {sampling}")
    put("sampling-mixed.jpg", jpeg("-sample", "2x2,2x1,1x2"), "equal", "each component sampled differently")
    put("sampling-3x1.jpg", jpeg("-sample", "3x1,1x1,1x1"), "near", "three samples across")
    put("gray.jpg", jpeg(image=GRAY), "equal", "gray")
    put("gray-progressive.jpg", jpeg("-progressive", image=GRAY), "near", "gray, progressive")
    put("gray-2x2.jpg", jpeg("-sample", "2x2", image=GRAY), "equal", "gray with sampling factors")
    put("restart1.jpg", jpeg("-restart", "1B", "-sample", "2x2"), "equal", "a restart after every MCU")
    put("restart7.jpg", jpeg("-restart", "7B"), "equal", "a restart after 7 MCUs")
    put("arithmetic.jpg", jpeg("-arithmetic"), "refuse", "arithmetic coding")
    put("arithmetic-progressive.jpg", jpeg("-arithmetic", "-progressive"), "refuse", "arithmetic coding, progressive")
    rgb = jpeg("-rgb")
    put("rgb.jpg", rgb, "equal", "components R G B")
    put("quality1.jpg", jpeg("-quality", "1"), "equal", "16-bit quantisation tables")
    put("quality100.jpg", jpeg("-quality", "100"), "equal", "quality 100")
    put("optimised.jpg", jpeg("-optimize"), "equal", "tables of its own")
    cmyk = saved(SOURCE.convert("CMYK"), format="JPEG", quality=90)
    put("cmyk.jpg", cmyk, "near", "CMYK as Adobe writes it")
    at = cmyk.find(b"Adobe")
    put("ycck.jpg", patched(cmyk, at + 11, [2]), "read", "YCCK by its marker")
    put("cmyk-without-adobe.jpg", cmyk[:at - 4] + cmyk[at + 12:], "read", "CMYK that does not say how it is meant")
    numbered = bytearray(rgb)
    scan = numbered.find(b"\xff\xda")
    for i in range(3):
        numbered[frame(rgb) + 10 + 3 * i] = i + 1
        numbered[scan + 5 + 2 * i] = i + 1
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
    put("adobe-rgb.jpg", numbered[:2] + adobe + numbered[2:], "equal", "RGB by Adobe's marker")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[274] = orientation
        put(f"exif{orientation}.jpg", saved(SOURCE, format="JPEG", quality=90, exif=exif), "equal", f"orientation {orientation}")
    put("profile-garbage.jpg", saved(SOURCE, format="JPEG", icc_profile=b"garbage" * 100), "equal", "a colour profile of garbage")

    base, progressive = jpeg("-sample", "2x2"), jpeg("-progressive", "-sample", "2x2")
    sof = frame(base)
    size = struct.pack(">HH", 60000, 60000)
    put("bomb-60000.jpg", patched(base, sof + 5, size), "refuse", "a header of 60000x60000")
    put("bomb-60000-progressive.jpg", patched(progressive, frame(progressive) + 5, size), "refuse", "a header of 60000x60000, progressive")
    put("bomb-9000.jpg", patched(base, sof + 5, struct.pack(">HH", 9000, 9000)), "refuse", "a header of 9000x9000")
    put("height0.jpg", patched(base, sof + 5, [0, 0]), "refuse", "no rows")
    put("width0.jpg", patched(base, sof + 7, [0, 0]), "refuse", "no columns")
    put("bits12.jpg", patched(base, sof + 4, [12]), "refuse", "12 bits")
    put("bits12-extended.jpg", patched(patched(base, sof + 4, [12]), sof + 1, [0xC1]), "refuse", "12 bits, extended")
    put("lossless.jpg", patched(base, sof + 1, [0xC3]), "refuse", "lossless by its marker")
    put("extended.jpg", patched(base, sof + 1, [0xC1]), "equal", "extended sequential")
    for percent in (1, 25, 50, 90, 99):
        put(f"cut{percent}.jpg", base[:len(base) * percent // 100], "refuse", f"cut at {percent} %")
        put(f"cut{percent}-progressive.jpg", progressive[:len(progressive) * percent // 100], "refuse", f"progressive, cut at {percent} %")
    put("no-end.jpg", base[:-2], "refuse", "no end marker")
    put("garbage-behind.jpg", base + b"garbage behind the end" * 20, "equal", "bytes behind the end")
    rng = random.Random(1)
    body = base.find(b"\xff\xda") + 14
    hole = bytearray(base)
    del hole[body + 100:body + 150]
    put("hole.jpg", hole, "either", "50 coded bytes missing")
    put("zeros.jpg", patched(base, body + 100, bytes(60)), "either", "60 coded bytes zeroed")
    for n in (1, 5, 50):
        flipped = bytearray(base)
        for _ in range(n):
            flipped[rng.randrange(body, len(base) - 2)] ^= 1 << rng.randrange(8)
        put(f"flips{n}.jpg", flipped, "either", f"{n} bits of the coded data flipped")
    put("fill-bytes.jpg", base[:2] + b"\xff" * 5 + base[2:], "equal", "fill bytes before a marker")
    tables = base.find(b"\xff\xc4")
    put("no-huffman.jpg", base[:tables] + base[base.find(b"\xff\xda"):], "refuse", "no Huffman tables")
    quantisation = base.find(b"\xff\xdb")
    put("no-quantisation.jpg", base[:quantisation] + base[sof:], "refuse", "no quantisation tables")
    put("two-frames.jpg", base[:sof] + base[sof:sof + 19] + base[sof:], "refuse", "two frame headers")
    put("headers-only.jpg", base[:base.find(b"\xff\xda")] + b"\xff\xd9", "refuse", "no scan")
    put("long-segment.jpg", base[:2] + b"\xff\xe5\xff\xff" + base[2:], "refuse", "a segment longer than the file")
    last = progressive.rfind(b"\xff\xda")
    put("scans150.jpg", progressive[:-2] + progressive[last:-2] * 150 + b"\xff\xd9", "refuse", "150 scans")
    put("tiny.jpg", jpeg(image=SOURCE.crop((0, 0, 1, 1))), "equal", "1x1")
    put("wide.jpg", saved(Image.new("RGB", (65500, 2), (10, 200, 30)), format="JPEG"), "read", "65500x2")
    index[-1] = "wide.jpg read 65500 2 65500x2"
    put("marker-only.jpg", b"\xff\xd8\xff\xd9", "refuse", "a beginning and an end")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, bits, color, lines, interlace=0, before=b"", end=chunk(b"IEND", b"")):
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(lines)) + end


def pngs():
    put("rgb.png", saved(SOURCE, format="PNG"), "equal", "RGB")
    put("gray.png", saved(GRAY, format="PNG"), "equal", "gray")
    put("bits1.png", saved(GRAY.convert("1"), format="PNG"), "equal", "1 bit")
    opaque = SOURCE.copy()
    opaque.putalpha(255)
    put("rgba-opaque.png", saved(opaque, format="PNG"), "equal", "RGBA, opaque")
    clear = SOURCE.copy()
    clear.putalpha(GRAY)
    put("rgba.png", saved(clear, format="PNG"), "read", "RGBA")
    put("gray-alpha.png", saved(clear.convert("LA"), format="PNG"), "read", "gray with alpha")
    put("palette.png", saved(SOURCE.quantize(64), format="PNG"), "equal", "palette")
    put("palette4.png", saved(SOURCE.quantize(16), format="PNG", bits=4), "equal", "palette of 4 bits")
    put("palette-trns.png", saved(SOURCE.quantize(64), format="PNG", transparency=3), "read", "palette with a transparent entry")
    put("rgb-trns.png", saved(SOURCE, format="PNG", transparency=SOURCE.getpixel((5, 5))), "read", "RGB with a transparent colour")
    rows = [SOURCE.crop((0, y, W, y + 1)).tobytes() for y in range(H)]
    put("bits16.png", png(W, H, 16, 2, b"".join(b"\0" + bytes(v for b in row for v in (b, b)) for row in rows)), "equal", "16 bits")
    pixels, passes = SOURCE.load(), b""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        for y in range(y0, H, dy):
            passes += b"\0" + b"".join(bytes(pixels[x, y]) for x in range(x0, W, dx))
    put("adam7.png", png(W, H, 8, 2, passes, interlace=1), "equal", "interlaced")
    put("animated.png", saved(SOURCE, format="PNG", save_all=True, append_images=[SOURCE.rotate(180)]), "equal", "APNG of two frames")
    lines = b"".join(b"\0" + row for row in rows)
    good = png(W, H, 8, 2, lines)
    put("gamma.png", png(W, H, 8, 2, lines, before=chunk(b"gAMA", struct.pack(">I", 100000))), "equal", "gamma")
    put("profile-garbage.png", png(W, H, 8, 2, lines, before=chunk(b"iCCP", b"x\0\0garbage")), "equal", "a colour profile of garbage")
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    put("exif6.png", png(W, H, 8, 2, lines, before=chunk(b"eXIf", exif)), "equal", "orientation 6")
    put("cut50.png", good[:len(good) // 2], "refuse", "cut at 50 %")
    put("cut99.png", good[:len(good) - 20], "refuse", "cut in the checksum of the data")
    put("no-end.png", good[:-12], "equal", "no IEND")
    put("flip.png", patched(good, len(good) // 2, [good[len(good) // 2] ^ 16]), "refuse", "a bit of the data flipped")
    # A zlib flag that requires a dictionary; found by fuzzing.
    dictionary = png(W, H, 8, 2, lines).replace(zlib.compress(lines), b"\x78\x20" + zlib.compress(lines)[2:])
    dictionary = bytearray(dictionary)
    start = dictionary.find(b"IDAT")
    length = struct.unpack(">I", dictionary[start - 4:start])[0]
    dictionary[start + 4 + length:start + 8 + length] = struct.pack(">I", zlib.crc32(dictionary[start:start + 4 + length]))
    put("dictionary.png", dictionary, "refuse", "data that wants a dictionary")
    put("short-data.png", png(W, H, 8, 2, lines[:len(lines) // 2]), "refuse", "data of half the rows")
    put("bomb-60000.png", png(60000, 60000, 8, 2, bytes(1000)), "refuse", "a header of 60000x60000")
    put("bomb-9000.png", png(9000, 9000, 8, 2, bytes(1000)), "refuse", "a header of 9000x9000")
    put("width0.png", png(0, 10, 8, 2, b""), "refuse", "no columns")
    put("signature.png", good[:8], "refuse", "the signature alone")
    put("critical.png", png(W, H, 8, 2, lines, before=chunk(b"CgBI", b"abcd")), "refuse", "an unknown critical chunk")
    put("bits3.png", png(W, H, 3, 0, lines), "refuse", "3 bits")


def others():
    put("truecolour.bmp", saved(SOURCE, format="BMP"), "equal", "BMP")
    put("palette.bmp", saved(SOURCE.quantize(64), format="BMP"), "equal", "BMP with a palette")
    put("gray.bmp", saved(GRAY, format="BMP"), "equal", "BMP, gray")
    put("plain.gif", saved(SOURCE.quantize(64), format="GIF"), "equal", "GIF")
    frames = saved(SOURCE.quantize(64), format="GIF", save_all=True, append_images=[SOURCE.rotate(180).quantize(64)])
    put("animated.gif", frames, "equal", "GIF of two frames")
    put("interlaced.gif", saved(SOURCE.quantize(64), format="GIF", interlace=True), "equal", "GIF, interlaced")
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "packbits"):
        put(f"{compression}.tif", saved(SOURCE, format="TIFF", compression=compression), "equal", f"TIFF, {compression}")
    put("gray.tif", saved(GRAY, format="TIFF"), "equal", "TIFF, gray")
    put("fax.tif", saved(GRAY.convert("1"), format="TIFF", compression="group4"), "refuse", "TIFF, fax compression")
    put("lossy.webp", saved(SOURCE, format="WEBP", quality=90), "near", "WebP, lossy")
    put("lossless.webp", saved(SOURCE, format="WEBP", lossless=True), "equal", "WebP, lossless")
    put("rgb.ppm", saved(SOURCE, format="PPM"), "equal", "PPM")
    put("gray.pgm", saved(GRAY, format="PPM"), "equal", "PGM")
    put("plain.tga", saved(SOURCE, format="TGA"), "equal", "TGA")
    put("packed.tga", saved(SOURCE, format="TGA", compression="tga_rle"), "equal", "TGA, run lengths")
    put("gray.tga", saved(GRAY, format="TGA"), "equal", "TGA, gray")
    for name in ("truecolour.bmp", "plain.gif", "raw.tif", "lossless.webp", "packed.tga", "rgb.ppm"):
        stem, extension = name.split(".")
        put(f"{stem}-cut.{extension}", files[name][:len(files[name]) // 2], "refuse", f"{name}, half of it")
    bmp, gif, tga = files["truecolour.bmp"], files["plain.gif"], files["plain.tga"]
    put("bomb.bmp", patched(bmp, 18, struct.pack("<ii", 60000, 60000)), "refuse", "BMP, a header of 60000x60000")
    put("bomb.gif", patched(gif, 6, struct.pack("<HH", 60000, 60000)), "refuse", "GIF, a header of 60000x60000")
    put("bomb.tga", patched(tga, 12, struct.pack("<HH", 60000, 60000)), "refuse", "TGA, a header of 60000x60000")
    put("png-as.jpg", files["rgb.png"], "equal", "PNG with another extension")
    put("gif-as.jpeg", gif, "equal", "GIF with another extension")
    put("jpeg-as.png", files["baseline-2x2.jpg"], "equal", "JPEG with another extension")
    put("page.jpg", b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "refuse", "a page of the web")
    put("empty.jpg", b"", "refuse", "nothing")
    put("text.png", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "refuse", "a pointer to a large file")
    put("noise.jpg", random.Random(3).randbytes(500), "refuse", "noise")
    put("zeros.tga", bytes(500), "refuse", "zeros")
    put("archive.png", b"PK\x03\x04" + bytes(100), "refuse", "the beginning of a zip archive")
    put("jpeg2000.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(50), "refuse", "the beginning of a JPEG 2000 file")
    put("heic.jpg", b"\0\0\0\x18ftypheic" + bytes(50), "refuse", "the beginning of a HEIC file")


jpegs()
pngs()
others()
with zipfile.ZipFile(os.path.join(HERE, "odd.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
    files["index.txt"] = ("\n".join(index) + "\n").encode()
    for name, data in files.items():
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
print(len(index), "files,", os.path.getsize(os.path.join(HERE, "odd.zip")), "bytes")
