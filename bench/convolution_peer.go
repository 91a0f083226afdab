package bench

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

//go:embed peers/convolutions.py
var convPeerScript string

// A convPeer is a process that measures convolutions in PyTorch when it is told to.
type convPeer struct {
	version string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func startConvPeer(python string, threads int) (*convPeer, error) {
	p := &convPeer{command: exec.Command(python, "-c", convPeerScript)}
	p.command.Env = append(os.Environ(), fmt.Sprint("OMP_NUM_THREADS=", threads))
	p.command.Stderr = os.Stderr
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("starting PyTorch: %w", err)
	}
	var hello struct{ Version string }
	if err := p.answer(&hello); err != nil {
		return nil, errors.Join(err, p.close())
	}
	p.version = hello.Version
	return p, nil
}

// prepare makes the tensors of a shape.
func (p *convPeer) prepare(s ConvShape) error {
	return p.ask(s, &struct{}{})
}

// convRest is how long the peer's threads have at least to fall asleep after a measurement: they wait for work in a loop
// that takes a core.
const convRest = 10 * time.Millisecond

// measure is the seconds of a run of the shape by layout.
func (p *convPeer) measure() (times map[string]float64, err error) {
	err = p.ask(map[string]bool{"measure": true}, &times)
	time.Sleep(convRest)
	return times, err
}

func (p *convPeer) ask(question, answer any) error {
	if err := json.NewEncoder(p.in).Encode(question); err != nil {
		return fmt.Errorf("asking PyTorch: %w", err)
	}
	return p.answer(answer)
}

func (p *convPeer) answer(v any) error {
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, v)
	}
	if err != nil {
		return fmt.Errorf("reading PyTorch's answer: %w", err)
	}
	return nil
}

func (p *convPeer) close() error {
	return errors.Join(p.in.Close(), p.command.Wait())
}
