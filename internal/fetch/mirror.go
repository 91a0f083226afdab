package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A mirror is a folder of files on a web server.
type mirror struct {
	url    string // ends with a slash
	client *http.Client
	stall  time.Duration
}

func (m *mirror) String() string { return m.url }

func (m *mirror) open(ctx context.Context, file string) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	b := &mirrorBody{ctx: ctx, cancel: cancel, stall: m.stall}
	b.timer = time.AfterFunc(m.stall, func() {
		cancel(fmt.Errorf("no answer for %v", m.stall))
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url+file, nil)
	if err != nil {
		b.release()
		return nil, err
	}
	// The .gz file itself: neither the server nor net/http may take it for an encoding to undo.
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := m.client.Do(req)
	if err != nil {
		err = b.explain(err)
		b.release()
		if inner := (*url.Error)(nil); errors.As(err, &inner) {
			err = inner.Err // without the URL, which the caller names
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	b.body = resp.Body
	if resp.StatusCode != http.StatusOK {
		b.Close()
		return nil, fmt.Errorf("%s: the server answers %s", file, resp.Status)
	}
	return b, nil
}

// A mirrorBody is a response's body whose Read fails when nothing arrives for the time of a stall.
type mirrorBody struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	stall  time.Duration
	timer  *time.Timer
	body   io.ReadCloser
}

func (b *mirrorBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.stall)
	n, err := b.body.Read(p)
	if err != nil && err != io.EOF {
		err = b.explain(err)
	}
	return n, err
}

func (b *mirrorBody) Close() error {
	b.release()
	return b.body.Close()
}

func (b *mirrorBody) release() {
	b.timer.Stop()
	b.cancel(nil)
}

// explain returns why the request was cancelled, if it was, else err.
func (b *mirrorBody) explain(err error) error {
	if cause := context.Cause(b.ctx); cause != nil {
		return cause
	}
	return err
}
