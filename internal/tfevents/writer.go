// Package tfevents writes event files as TensorBoard reads them: records of TensorFlow's TFRecord
// format, each an Event message (tensorflow/core/util/event.proto).
package tfevents

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of the messages' fields.
const (
	eventWallTime, eventStep, eventFileVersion, eventSummary, eventSessionLog = 1, 2, 3, 5, 7

	summaryValue                             = 1
	valueTag, valueSimpleValue, valueImage   = 1, 2, 4
	imageHeight, imageWidth, imageColorspace = 1, 2, 3
	imageEncoded                             = 4

	sessionStatus = 1
	sessionStart  = 1
)

// Writer writes one event file.
type Writer struct {
	file *os.File
	out  *bufio.Writer
	// The buffers of the message and of the messages in it: an event of scalars allocates nothing.
	event, summary, value []byte
	frame                 [12]byte
	now                   func() time.Time
}

// Scalar is a number with its name: "loss/d".
type Scalar struct {
	Tag   string
	Value float32
}

// Image is a picture with its name.
type Image struct {
	Tag           string
	Width, Height int
	Colour        bool // red, green and blue; else grey
	PNG           []byte
}

// Create makes an event file of a session that begins with the given step: TensorBoard drops what an
// earlier session's file in the same folder has from that step on. The folder is made if needed.
func Create(folder string, step int64) (*Writer, error) { return create(folder, step, time.Now) }

func create(folder string, step int64, now func() time.Time) (*Writer, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("making the folder of event files: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	begun := time.Now()
	// TensorBoard reads a folder's files in the order of their names.
	name := fmt.Sprintf("events.out.tfevents.%d.%09d.%s", begun.Unix(), begun.Nanosecond(), host)
	file, err := os.OpenFile(filepath.Join(folder, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fmt.Errorf("making an event file: %w", err)
	}
	w := &Writer{file: file, out: bufio.NewWriter(file), now: now}
	w.begin(0)
	w.event = protowire.AppendTag(w.event, eventFileVersion, protowire.BytesType)
	w.event = protowire.AppendString(w.event, "brain.Event:2")
	err = w.write()
	if err == nil {
		w.begin(step)
		w.value = appendVarint(w.value[:0], sessionStatus, sessionStart)
		w.event = protowire.AppendTag(w.event, eventSessionLog, protowire.BytesType)
		w.event = protowire.AppendBytes(w.event, w.value)
		err = w.write()
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return w, nil
}

// Scalars writes numbers of one step as one event.
func (w *Writer) Scalars(step int64, scalars ...Scalar) error {
	w.begin(step)
	w.summary = w.summary[:0]
	for _, s := range scalars {
		w.value = protowire.AppendTag(w.value[:0], valueTag, protowire.BytesType)
		w.value = protowire.AppendString(w.value, s.Tag)
		w.value = protowire.AppendTag(w.value, valueSimpleValue, protowire.Fixed32Type)
		w.value = protowire.AppendFixed32(w.value, math.Float32bits(s.Value))
		w.addValue()
	}
	return w.writeSummary()
}

// Image writes a picture of a step.
func (w *Writer) Image(step int64, i Image) error {
	w.begin(step)
	space := uint64(1) // grey
	if i.Colour {
		space = 3
	}
	picture := appendVarint(nil, imageHeight, uint64(i.Height))
	picture = appendVarint(picture, imageWidth, uint64(i.Width))
	picture = appendVarint(picture, imageColorspace, space)
	picture = protowire.AppendTag(picture, imageEncoded, protowire.BytesType)
	picture = protowire.AppendBytes(picture, i.PNG)
	w.value = protowire.AppendTag(w.value[:0], valueTag, protowire.BytesType)
	w.value = protowire.AppendString(w.value, i.Tag)
	w.value = protowire.AppendTag(w.value, valueImage, protowire.BytesType)
	w.value = protowire.AppendBytes(w.value, picture)
	w.summary = w.summary[:0]
	w.addValue()
	return w.writeSummary()
}

// Flush hands what was written on to the file.
func (w *Writer) Flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	return nil
}

// Close flushes and closes the file.
func (w *Writer) Close() error { return errors.Join(w.Flush(), w.file.Close()) }

func (w *Writer) begin(step int64) {
	w.event = protowire.AppendTag(w.event[:0], eventWallTime, protowire.Fixed64Type)
	w.event = protowire.AppendFixed64(w.event, math.Float64bits(float64(w.now().UnixMicro())/1e6))
	if step != 0 {
		w.event = appendVarint(w.event, eventStep, uint64(step))
	}
}

func (w *Writer) addValue() {
	w.summary = protowire.AppendTag(w.summary, summaryValue, protowire.BytesType)
	w.summary = protowire.AppendBytes(w.summary, w.value)
}

func (w *Writer) writeSummary() error {
	w.event = protowire.AppendTag(w.event, eventSummary, protowire.BytesType)
	w.event = protowire.AppendBytes(w.event, w.summary)
	return w.write()
}

func appendVarint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

// write appends the event as a record: its length, the length's checksum, the event, its checksum.
func (w *Writer) write() error {
	frame := w.frame[:]
	binary.LittleEndian.PutUint64(frame, uint64(len(w.event)))
	binary.LittleEndian.PutUint32(frame[8:], masked(frame[:8]))
	// bufio.Writer keeps its first error.
	w.out.Write(frame)
	w.out.Write(w.event)
	binary.LittleEndian.PutUint32(frame, masked(w.event))
	if _, err := w.out.Write(frame[:4]); err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of a TFRecord: a CRC-32C, rotated and moved so that checksums of what holds
// checksums do not cancel.
func masked(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}
