package mnist

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"gangpu/internal/hostmemory"
)

const (
	// maxBytes bounds a file, and what it unpacks to: 1.4 million images of 28 x 28.
	maxBytes = 1 << 30

	// maxSide bounds the rows and the columns of an image.
	maxSide = 4096

	// A gzipped file may unpack to maxRatio times its size. Images of handwriting or clothes unpack
	// to 2 to 5 times; a gzip bomb, to up to 1032. Files that unpack to freeBytes or less may be
	// anything, even blank.
	maxRatio  = 100
	freeBytes = 16 << 20
)

// elementTypes names the types that the third byte of an IDX file stands for.
var elementTypes = map[byte]string{
	0x08: "unsigned bytes",
	0x09: "signed bytes",
	0x0B: "16-bit integers",
	0x0C: "32-bit integers",
	0x0D: "32-bit floats",
	0x0E: "64-bit floats",
}

// readFile returns the content of a file and its SHA-256 in hexadecimal.
func readFile(path string) (content []byte, sum string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", err
	}
	if !info.Mode().IsRegular() {
		return nil, "", fmt.Errorf("%s: not a regular file", path)
	}
	if info.Size() > maxBytes {
		return nil, "", fmt.Errorf("%s: %d bytes, more than the %d that are read", path, info.Size(), maxBytes)
	}
	content, err = hostmemory.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	hash := sha256.Sum256(content)
	return content, hex.EncodeToString(hash[:]), nil
}

// decodeImages decodes an IDX file of count x rows x cols unsigned bytes.
func decodeImages(file []byte) (pixels []byte, count, rows, cols int, err error) {
	dims, pixels, err := decode(file, "images", 3)
	if err != nil {
		return nil, 0, 0, 0, err
	}
	return pixels, dims[0], dims[1], dims[2], nil
}

// decodeLabels decodes an IDX file of count unsigned bytes.
func decodeLabels(file []byte) ([]byte, error) {
	_, labels, err := decode(file, "labels", 1)
	return labels, err
}

// decode decodes an IDX file, gzipped or not, of unsigned bytes in rank dimensions (1 or 3). what
// is what it holds. Memory grows with what was read, not with what the header announces.
func decode(file []byte, what string, rank int) (dims []int, elements []byte, err error) {
	if len(file) == 0 {
		return nil, nil, errors.New("the file is empty")
	}
	var r io.Reader = bytes.NewReader(file)
	gzipped := bytes.HasPrefix(file, []byte{0x1f, 0x8b})
	if gzipped {
		if r, err = newGunzipper(file); err != nil {
			return nil, nil, err
		}
	}

	// Axes of one element after the others say nothing: (n, 28, 28, 1) is (n, 28, 28).
	const mostAxes = 4
	header := make([]byte, 4+4*mostAxes)
	if n, err := io.ReadFull(r, header[:4]); err != nil {
		return nil, nil, headerError(n, err)
	}
	if header[0] != 0 || header[1] != 0 || elementTypes[header[2]] == "" {
		return nil, nil, fmt.Errorf("not an IDX file: it begins with % x, not 00 00 08 %02x", header[:4], rank)
	}
	if header[2] != 0x08 {
		return nil, nil, fmt.Errorf("its elements are %s, not unsigned bytes", elementTypes[header[2]])
	}
	axes := int(header[3])
	if axes < rank || axes > mostAxes {
		return nil, nil, fmt.Errorf("its elements are in %d dimensions; %s are in %d", axes, what, rank)
	}
	header = header[:4+4*axes]
	if n, err := io.ReadFull(r, header[4:]); err != nil {
		return nil, nil, headerError(4+n, err)
	}
	for i := rank; i < axes; i++ {
		if n := binary.BigEndian.Uint32(header[4+4*i:]); n != 1 {
			channels := ""
			if rank == 3 {
				channels = fmt.Sprintf(": its pixels have %d numbers each, grey ones have one", n)
			}
			return nil, nil, fmt.Errorf("its elements are in %d dimensions; %s are in %d%s", axes, what, rank, channels)
		}
	}

	size := uint64(1)
	var shape string
	for i := range rank {
		dim := binary.BigEndian.Uint32(header[4+4*i:])
		if i == 0 && dim == 0 {
			return nil, nil, fmt.Errorf("it holds 0 %s", what)
		}
		if i > 0 && (dim == 0 || dim > maxSide) {
			return nil, nil, fmt.Errorf("its images are %d x %d pixels; sides of 1 to %d are read",
				binary.BigEndian.Uint32(header[8:]), binary.BigEndian.Uint32(header[12:]), maxSide)
		}
		size *= uint64(dim) // at most 2^32 * maxSide^2: no overflow
		dims = append(dims, int(dim))
		if i > 0 {
			shape += " x "
		}
		shape += fmt.Sprint(dim)
	}
	switch {
	case size > maxBytes:
		return nil, nil, fmt.Errorf("it announces %s %s, more than the %d bytes that are read", shape, what, maxBytes)
	case gzipped && size > max(freeBytes, maxRatio*uint64(len(file))):
		return nil, nil, fmt.Errorf("it announces %s %s in %d gzipped bytes, which looks like a gzip bomb: "+
			"no more than %d times a file's size is unpacked", shape, what, len(file), maxRatio)
	}

	// An array of a file as it packs images, by 5 at most, is made at once. Another one grows from there, and is copied.
	room := min(size+1, 8*uint64(len(file)))
	need := room
	if room <= size {
		need = 2*size + size/2
	}
	if err := hostmemory.Check("its "+what, need); err != nil {
		return nil, nil, err
	}
	// One byte more, to see that the file ends here, and to have gzip's checksum verified.
	b := bytes.NewBuffer(make([]byte, 0, room+bytes.MinRead))
	_, err = b.ReadFrom(io.LimitReader(r, int64(size)+1))
	elements = b.Bytes()
	switch {
	case err != nil:
		return nil, nil, err
	case uint64(len(elements)) < size:
		return nil, nil, fmt.Errorf("truncated: it announces %s %s, %d bytes, and holds %d", shape, what, size, len(elements))
	case uint64(len(elements)) > size:
		return nil, nil, fmt.Errorf("trailing bytes after the %d of %s %s", size, shape, what)
	}
	return dims, elements, nil
}

func headerError(read int, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("truncated: it ends after %d bytes, in the header", read)
	}
	return err
}

// A gunzipper reads the members of a gzip file one after the other (RFC 1952, 2.2). gzip.Reader
// alone does not tell a truncated file from one followed by something else.
type gunzipper struct {
	file   *bytes.Reader
	member *gzip.Reader
}

func newGunzipper(file []byte) (*gunzipper, error) {
	g := &gunzipper{file: bytes.NewReader(file)}
	var err error
	if g.member, err = gzip.NewReader(g.file); err != nil {
		return nil, gzipError(err)
	}
	g.member.Multistream(false)
	return g, nil
}

func (g *gunzipper) Read(p []byte) (int, error) {
	n, err := g.member.Read(p)
	if err == io.EOF && g.file.Len() > 0 {
		rest := g.file.Len()
		if g.member.Reset(g.file) != nil {
			if _, err := g.file.Seek(-int64(rest), io.SeekEnd); err != nil {
				return n, err
			}
			if padding, err := io.ReadAll(g.file); err != nil || len(bytes.Trim(padding, "\x00")) > 0 {
				return n, fmt.Errorf("%d trailing bytes after the gzip data", rest)
			}
			return n, io.EOF // zeros fill up a block, on tapes and in archives; gzip ignores them too
		}
		g.member.Multistream(false)
		return n, nil
	}
	if err != nil && err != io.EOF {
		err = gzipError(err)
	}
	return n, err
}

func gzipError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("truncated: the gzip data end early")
	}
	return fmt.Errorf("damaged gzip data: %w", err)
}
