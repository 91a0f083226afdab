package hdf5

// Numbers of the format that reading and writing share.

const (
	signature = "\x89HDF\r\n\x1a\n" // II.A
	undefined = ^uint64(0)          // an address of nothing

	leafK     = 4  // half of the entries of a symbol table node (II.A, "Group Leaf Node K")
	internalK = 16 // half of the children of a B-tree's node (II.A, "Group Internal Node K")

	objectPrefix   = 16 // bytes before the messages of an object header, padding included (IV.A.1.a)
	messagePrefix  = 8
	symbolEntry    = 40 // bytes (III.C)
	maxMessage     = 1<<16 - 8
	treePrefix     = 24 // bytes of a B-tree's node before its keys (III.A.1)
	heapPrefix     = 32 // bytes of a local heap before its data (III.D)
	nodePrefix     = 8  // bytes of a symbol table node before its entries (III.B)
	symbolicLink   = 2  // cache type of an entry that is no object (III.C)
	superblockSize = 96
)

// Kinds of messages (IV.A.2).
const (
	messageDataspace    = 0x01
	messageDatatype     = 0x03
	messageFillValue    = 0x05
	messageLayout       = 0x08
	messageAttribute    = 0x0c
	messageContinuation = 0x10
	messageSymbolTable  = 0x11
)

// Classes of datatypes (IV.A.2.d).
const (
	classInteger        = 0
	classFloat          = 1
	classString         = 3
	classVariableLength = 9
)

const float32Type = "float32"

// float32LE is the datatype message of little-endian IEEE numbers of 32 bits: version 1, class 1;
// the mantissa's leading bit is not stored, the sign is bit 31; 4 bytes; bit offset 0, precision 32;
// exponent at bit 23, 8 bits; mantissa at bit 0, 23 bits; exponent's bias 127.
var float32LE = []byte{1<<4 | classFloat, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0}

// ieee are the datatype messages of the IEEE numbers that are read, by size in bytes. Big-endian ones have a 1 in the
// last bit of the second byte.
var ieee = map[int][]byte{
	2: {1<<4 | classFloat, 0x20, 15, 0, 2, 0, 0, 0, 0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0},
	4: float32LE,
	8: {1<<4 | classFloat, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0},
}
