package runpage

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// mostStreams is how many pages of a run may be told at a time how it goes.
const mostStreams = 32

// policy is the page's Content-Security-Policy: its own script by its hash, its own styles, pictures in its text, and
// what the server itself tells. The page and the report have it in their heads; a header says too who may frame it.
var policy = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; script-src " +
	hashOf(page, "<script>", "</script>")

func hashOf(text, begin, end string) string {
	_, text, _ = strings.Cut(text, begin)
	text, _, _ = strings.Cut(text, end)
	sum := sha256.Sum256([]byte(strings.ReplaceAll(text, "\r\n", "\n"))) // as a browser has it
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// withPolicy is the page with the policy in its head.
func withPolicy(page string) string { return strings.Replace(page, policyPlace, policy, 1) }

// hosts are the names that a server answers to. A browser sends the name that its page was opened by: another one is
// that of a site elsewhere which has its name lead to this machine, to read what only this machine's user is to see
// ("DNS rebinding").
type hosts struct {
	names map[string]bool
	any   bool // all addresses of this machine: it listens on all of them
}

// hostsOf are the loopback's names and that of the address that was asked for. Where it stands for all addresses of
// the machine, as 0.0.0.0 does, they are all addresses, which no site elsewhere can make its name, and the machine's name.
func hostsOf(asked string, l net.Addr) hosts {
	h := hosts{names: map[string]bool{"localhost": true}}
	asked, _ = Address(asked)
	for _, address := range []string{asked, l.String()} {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			continue
		}
		h.names[canonical(host)] = true
		if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
			h.any = true
			if name, err := os.Hostname(); err == nil {
				h.names[canonical(name)] = true
			}
		}
	}
	return h
}

// canonical is a host without its case, and without the dot that ends a full name.
func canonical(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// answers reports whether a request for a host, with or without a port, is for this server. The port may be another
// than the server's: ssh -L and containers forward them.
func (h hosts) answers(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if ip, err := netip.ParseAddr(host); err == nil && (h.any || ip.Unmap().IsLoopback()) {
		return true
	}
	return h.names[canonical(host)]
}

// guard refuses what is not for this server.
func (h hosts) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if !h.answers(req.Host) {
			http.Error(w, fmt.Sprintf("%q is not the address of this page, which is opened by that which gangpu printed", req.Host), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, req)
	})
}
