package judge

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"

	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// How these files are made: mnist-classifier.md.
var (
	//go:embed mnist-classifier.safetensors
	mnistClassifier []byte
	//go:embed mnist-classifier.sha256
	mnistClassifierSum []byte
)

// MNIST is the classifier of MNIST's digits that is part of this package, a model of the game classifier.
func MNIST() (*train.Model, error) { return decode(mnistClassifier, mnistClassifierSum) }

// decode is the classifier of a file whose SHA-256 is in a line of sha256sum's.
func decode(content, sum []byte) (*train.Model, error) {
	got := sha256.Sum256(content)
	if !bytes.HasPrefix(sum, []byte(hex.EncodeToString(got[:])+" ")) {
		return nil, fmt.Errorf("the classifier of MNIST has SHA-256 %x, want %.64s", got, sum)
	}
	file, err := safetensors.Decode(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("the classifier of MNIST: %w", err)
	}
	m, err := train.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("the classifier of MNIST: %w", err)
	}
	return m, nil
}
