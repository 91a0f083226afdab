package mnist

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"
)

func TestDecode(t *testing.T) {
	pixels := ramp(5*4*3, 1)
	images := idx(pixels, 5, 4, 3)
	half := len(images) / 2
	for name, file := range map[string][]byte{
		"plain":       images,
		"gzipped":     gzipped(images),
		"two members": append(gzipped(images[:half]), gzipped(images[half:])...),
		"empty last":  append(gzipped(images), gzipped(nil)...),
		"padded":      append(gzipped(images), make([]byte, 600)...),
		"grey axis":   idx(pixels, 5, 4, 3, 1),
	} {
		got, count, rows, cols, err := decodeImages(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(got, pixels) || count != 5 || rows != 4 || cols != 3 {
			t.Errorf("%s: %d x %d x %d: %v", name, count, rows, cols, got)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	images := idx(ramp(5*4*3, 1), 5, 4, 3)
	packed := gzipped(images)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	change := func(file []byte, at int, to ...byte) []byte {
		file = bytes.Clone(file)
		copy(file[at:], to)
		return file
	}
	crc := len(packed) - 8
	bomb := make([]byte, 18<<20)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":                   {nil, "empty"},
		"web page":                {[]byte("<!DOCTYPE html><title>Log in</title>"), "not an IDX file"},
		"gzipped web page":        {gzipped([]byte("<html>")), "not an IDX file"},
		"wrong magic":             {change(images, 0, 1), "not an IDX file"},
		"unknown type":            {change(images, 2, 0x0A), "not an IDX file"},
		"floats":                  {change(images, 2, 0x0D), "32-bit floats, not unsigned bytes"},
		"colours":                 {idx(ramp(5*4*3*3, 1), 5, 4, 3, 3), "its pixels have 3 numbers each, grey ones have one"},
		"five axes":               {idx(ramp(5*4*3, 1), 5, 4, 3, 1, 1), "5 dimensions; images are in 3"},
		"half a longer header":    {idx(nil, 5, 4, 3, 1)[:18], "ends after 18 bytes"},
		"labels":                  {idx([]byte{1, 2}, 2), "1 dimensions; images are in 3"},
		"three bytes":             {images[:3], "ends after 3 bytes"},
		"half a header":           {images[:9], "ends after 9 bytes"},
		"header alone":            {images[:16], "announces 5 x 4 x 3 images, 60 bytes, and holds 0"},
		"truncated":               {images[:len(images)-1], "60 bytes, and holds 59"},
		"truncated inside":        {gzipped(images[:len(images)-1]), "60 bytes, and holds 59"},
		"half a header inside":    {gzipped(images[:9]), "ends after 9 bytes"},
		"nothing inside":          {gzipped(nil), "ends after 0 bytes"},
		"gzip header alone":       {packed[:10], "truncated"},
		"half a gzip header":      {packed[:5], "truncated"},
		"truncated gzip":          {packed[:len(packed)/2], "truncated"},
		"gzip without its last":   {packed[:len(packed)-1], "truncated"},
		"gzip without checksum":   {packed[:crc], "truncated"},
		"wrong checksum":          {change(packed, crc, packed[crc]^1), "damaged gzip data"},
		"wrong gzip size":         {change(packed, crc+4, packed[crc+4]^1), "damaged gzip data"},
		"damaged gzip":            {change(packed, 10, 0xff, 0xff, 0xff), "damaged gzip data"},
		"trailing byte":           {join(images, []byte{0}), "trailing bytes"},
		"trailing byte inside":    {gzipped(join(images, []byte{0})), "trailing bytes"},
		"trailing member":         {join(packed, gzipped([]byte{0})), "trailing bytes"},
		"trailing after gzip":     {join(packed, []byte{7}), "1 trailing bytes after the gzip data"},
		"more after gzip":         {join(packed, images), "76 trailing bytes after the gzip data"},
		"trailing after two":      {join(gzipped(images[:9]), gzipped(images[9:]), []byte{0, 7}), "2 trailing bytes after the gzip data"},
		"no images":               {idx(nil, 0, 28, 28), "0 images"},
		"no rows":                 {idx(nil, 5, 0, 28), "0 x 28 pixels"},
		"no columns":              {idx(nil, 5, 28, 0), "28 x 0 pixels"},
		"huge rows":               {idx(nil, 1, 1<<31, 1), "2147483648 x 1 pixels"},
		"product of 2^64":         {idx(nil, 1<<32-1, 4096, 4096), "4294967295 x 4096 x 4096 images, more than"},
		"huge count":              {idx(nil, 1<<31, 28, 28), "2147483648 x 28 x 28 images, more than"},
		"huge count gzipped":      {gzipped(idx(nil, 1<<31, 28, 28)), "2147483648 x 28 x 28 images, more than"},
		"bomb past its header":    {gzipped(idx(bomb, 5, 4, 3)), "trailing bytes"},
		"bomb as announced":       {gzipped(idx(bomb, 18, 1024, 1024)), "gzip bomb"},
		"announced beyond a bomb": {gzipped(idx(nil, 30, 1024, 1024)), "gzip bomb"},
	} {
		_, _, _, _, err := decodeImages(c.file)
		t.Run(name, func(t *testing.T) { wantError(t, err, c.want) })
	}
	if _, err := decodeLabels(idx(nil, 0)); err == nil {
		t.Error("0 labels: no error")
	}
}

// A blank image set packs as well as a bomb, and must do up to a size that hurts nobody.
func TestDecodeBlank(t *testing.T) {
	if _, count, _, _, err := decodeImages(gzipped(idx(make([]byte, 20000*784), 20000, 28, 28))); err != nil || count != 20000 {
		t.Errorf("%d images, %v", count, err)
	}
}

// What a header announces must not be allocated before the data are there.
func TestDecodeAllocatesWhatItReads(t *testing.T) {
	for name, file := range map[string][]byte{
		"plain":   idx(nil, 1<<20, 28, 28),
		"gzipped": gzipped(idx(nil, freeBytes/784, 28, 28)),
		"bomb":    gzipped(idx(make([]byte, 18<<20), 18, 1024, 1024)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, _, _, err := decodeImages(file)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, n, len(file))
		}
	}
}

func FuzzDecode(f *testing.F) {
	images, labels := small()[0], small()[1]
	for _, file := range [][]byte{nil, images, labels, gzipped(images), gzipped(labels), images[:20], gzipped(images)[:30],
		append(gzipped(images), gzipped(nil)...), idx(nil, 1<<32-1, 4096, 4096), gzipped(idx(make([]byte, 1<<16), 64, 32, 32))} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		plain := len(file) > 0 && file[0] == 0
		if pixels, count, rows, cols, err := decodeImages(file); err == nil {
			if count < 1 || rows < 1 || cols < 1 || len(pixels) != count*rows*cols {
				t.Errorf("%d pixels for %d x %d x %d", len(pixels), count, rows, cols)
			}
			if plain && file[3] == 3 && !bytes.Equal(file, idx(pixels, int64(count), int64(rows), int64(cols))) {
				t.Error("the file is not what was decoded from it")
			}
		}
		if labels, err := decodeLabels(file); err == nil {
			if len(labels) < 1 {
				t.Error("no labels")
			}
			if plain && file[3] == 1 && (!bytes.Equal(file[8:], labels) || binary.BigEndian.Uint32(file[4:]) != uint32(len(labels))) {
				t.Error("the file is not what was decoded from it")
			}
		}
	})
}
