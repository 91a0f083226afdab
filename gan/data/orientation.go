package data

import (
	"bytes"
	"encoding/binary"
)

// orientation is what a file's EXIF data say of how its picture has to be turned (tag 0x0112 of its first directory;
// CIPA DC-008, 4.6.4): 1 as it is, 2 mirrored left to right, 3 turned by half, 4 mirrored top to bottom, 5 transposed,
// 6 to be turned a quarter clockwise, 7 transposed along the other diagonal, 8 to be turned a quarter counterclockwise.
// It is 1 where they say nothing, or nonsense.
func orientation(format string, content []byte) int {
	var directory []byte
	switch format {
	case "jpeg":
		directory = jpegEXIF(content)
	case "png":
		directory = chunk(content, 8, "eXIf", binary.BigEndian, false)
	case "webp":
		directory = chunk(content, 12, "EXIF", binary.LittleEndian, true)
	case "tiff":
		directory = content
	}
	return orientationIn(bytes.TrimPrefix(directory, []byte("Exif\x00\x00")))
}

// jpegEXIF is the EXIF data of a JPEG: in a segment APP1 (ITU T.81, B.1.1.3) before the first scan.
func jpegEXIF(content []byte) []byte {
	for at := 2; at+4 <= len(content) && content[at] == 0xff; {
		marker := content[at+1]
		if marker == 0xff { // a fill byte
			at++
			continue
		}
		length := int(binary.BigEndian.Uint16(content[at+2:]))
		if marker == 0xda || length < 2 || at+2+length > len(content) {
			return nil
		}
		segment := content[at+4 : at+2+length]
		if marker == 0xe1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return segment
		}
		at += 2 + length
	}
	return nil
}

// chunk is the content of a file's chunk of that name. PNG's have the length first and a checksum behind; RIFF's the
// name first, and are padded to an even length.
func chunk(content []byte, at int, name string, order binary.ByteOrder, riff bool) []byte {
	for at+8 <= len(content) {
		length, called := uint64(order.Uint32(content[at:])), string(content[at+4:at+8])
		behind := uint64(4)
		if riff {
			length, called = uint64(order.Uint32(content[at+4:])), string(content[at:at+4])
			behind = length & 1
		}
		if uint64(at)+8+length > uint64(len(content)) {
			return nil
		}
		if called == name {
			return content[at+8 : at+8+int(length)]
		}
		at += 8 + int(length+behind)
	}
	return nil
}

// orientationIn reads the first directory of TIFF's structure.
func orientationIn(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	const entry = 12 // bytes: tag, type, count, value
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entry {
			return 1
		}
		if order.Uint16(entries) == 0x0112 {
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
		entries = entries[entry:]
	}
	return 1
}
