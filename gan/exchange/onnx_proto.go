package exchange

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// The messages of ONNX that a model of these layers is made of, and their fields, from
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.

// message is an encoded protocol buffer.
type message []byte

func (m message) integer(field protowire.Number, v int64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), uint64(v))
}

func (m message) float(field protowire.Number, v float32) message {
	return protowire.AppendFixed32(protowire.AppendTag(m, field, protowire.Fixed32Type), math.Float32bits(v))
}

func (m message) bytes(field protowire.Number, v []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), v)
}

func (m message) text(field protowire.Number, v string) message { return m.bytes(field, []byte(v)) }

// onnxModel is a ModelProto. The opset is the oldest that has all operators as they are used here,
// so that old runtimes read it too; the version of the format is the one that came with it.
func onnxModel(description string, graph message) message {
	const irVersion, opset = 7, 13
	return message{}.
		integer(1, irVersion).
		text(2, "gangpu").
		text(6, description).
		bytes(7, graph).
		bytes(8, message{}.text(1, "").integer(2, opset))
}

// onnxGraphProto is a GraphProto.
func onnxGraphProto(name string, nodes []onnxNode, tensors, inputs, outputs []message) message {
	var m message
	for _, node := range nodes {
		m = m.bytes(1, node.encode())
	}
	m = m.text(2, name)
	for _, part := range []struct {
		field    protowire.Number
		messages []message
	}{{5, tensors}, {11, inputs}, {12, outputs}} {
		for _, v := range part.messages {
			m = m.bytes(part.field, v)
		}
	}
	return m
}

// onnxNode is an operation of a graph, a NodeProto.
type onnxNode struct {
	operator, output string
	inputs           []string
	attributes       []message
}

func (n onnxNode) encode() message {
	var m message
	for _, input := range n.inputs {
		m = m.text(1, input)
	}
	m = m.text(2, n.output).text(3, n.output).text(4, n.operator)
	for _, a := range n.attributes {
		m = m.bytes(5, a)
	}
	return m
}

// onnxInt, onnxInts, onnxFloat and onnxText are AttributeProtos.
func onnxInt(name string, value int) message {
	const integer = 2
	return message{}.text(1, name).integer(3, int64(value)).integer(20, integer)
}

func onnxInts(name string, values ...int) message {
	const ints = 7
	m := message{}.text(1, name)
	for _, v := range values {
		m = m.integer(8, int64(v))
	}
	return m.integer(20, ints)
}

func onnxFloat(name string, value float64) message {
	const float = 1
	return message{}.text(1, name).float(2, float32(value)).integer(20, float)
}

func onnxText(name, value string) message {
	const text = 3
	return message{}.text(1, name).text(4, value).integer(20, text)
}

// Types of elements.
const (
	onnxFloat32 = 1
	onnxInt64   = 7
	onnxBool    = 9
)

// onnxTensor is a TensorProto of what is appended to its data, little-endian.
func onnxTensor[T float32 | int64](name string, elementType int64, shape []int, values []T) message {
	var m message
	for _, d := range shape {
		m = m.integer(1, int64(d))
	}
	data, _ := binary.Append(nil, binary.LittleEndian, values) // fails for types of unknown size only
	return m.integer(2, elementType).text(8, name).bytes(9, data)
}

// onnxValue is a ValueInfoProto whose first dimension is the batch, of any size.
func onnxValue(name string, elementType int64, sample []int) message {
	shape := message{}.bytes(1, message{}.text(2, "batch"))
	for _, d := range sample {
		shape = shape.bytes(1, message{}.integer(1, int64(d)))
	}
	tensor := message{}.integer(1, elementType).bytes(2, shape)
	return message{}.text(1, name).bytes(2, message{}.bytes(1, tensor))
}
