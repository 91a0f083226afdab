#!/usr/bin/env python3
"""Makes the pictures here that Go's own encoders cannot make, by Pillow 13.0.0: python3 make.py

Each is the same picture of 24 x 16: red, green over blue, and dark grey in quarters; where a name says so, with EXIF
data of an orientation, for which the stored pixels are turned, so that a reader that heeds it sees the same picture.
"""
import os
from PIL import Image

os.chdir(os.path.dirname(os.path.abspath(__file__)))
upright = Image.new("RGB", (24, 16))
for box, colour in (((0, 0, 12, 8), (220, 30, 20)), ((12, 0, 24, 8), (20, 180, 40)),
                    ((0, 8, 12, 16), (30, 40, 200)), ((12, 8, 24, 16), (60, 60, 60))):
    upright.paste(colour, box)

T = Image.Transpose
# What has to be done to an upright picture so that orientation n undoes it.
undo = {1: None, 2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE,
        6: T.ROTATE_90, 7: T.TRANSVERSE, 8: T.ROTATE_270}


def turned(n):
    exif = Image.Exif()
    exif[0x0112] = n
    return (upright.transpose(undo[n]) if undo[n] is not None else upright), exif


jpeg = dict(quality=95, subsampling=0)
upright.save("progressive.jpg", progressive=True, **jpeg)
upright.save("subsampled.jpg", quality=95, subsampling=2)
upright.convert("CMYK").save("cmyk.jpg", **jpeg)
upright.convert("L").save("grey.jpg", quality=95)
for n in range(1, 9):
    picture, exif = turned(n)
    picture.save(f"orientation-{n}.jpg", exif=exif, **jpeg)
picture, exif = turned(6)
picture.save("orientation-6.png", exif=exif)
picture.save("orientation-6.webp", exif=exif, lossless=True)
picture.save("orientation-6.tif", exif=exif, compression="tiff_lzw")
upright.save("lossy.webp", quality=95)
upright.save("lossless.webp", lossless=True)
clear = upright.convert("RGBA")
clear.putalpha(Image.new("L", upright.size, 0))
clear.paste(upright.crop((0, 0, 12, 16)), (0, 0))
clear.save("clear-right.webp", lossless=True)
clear.save("clear-right.png")
clear.convert("LA").save("grey-clear-right.png")
upright.quantize(8).save("palette.png")
upright.quantize(8).save("palette.bmp")
upright.save("colour.bmp")
upright.save("colour.tif", compression="tiff_deflate")
# A first frame that covers the left half only, as an optimised animation may have it.
first = upright.crop((0, 0, 12, 16)).quantize(8)
first.save("left.gif")
with open("left.gif", "rb") as f:
    gif = bytearray(f.read())
gif[6:8] = (24).to_bytes(2, "little")  # the whole picture is wider
with open("left.gif", "wb") as f:
    f.write(gif)
