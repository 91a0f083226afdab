package bench

import (
	"os"
	"runtime"
	"strings"
)

// Machine is where a benchmark ran.
type Machine struct {
	Processor string `json:"processor,omitempty"` // as the operating system names it
	Cores     int    `json:"cores"`               // that the process may use
	System    string `json:"system"`              // "linux/amd64"
}

func thisMachine() Machine {
	return Machine{Processor: processorName(), Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH}
}

// processorName is empty where the system has no /proc.
func processorName() string { return field("/proc/cpuinfo", "model name") }

// field is the value of the first line "name : value" of a file under /proc, or empty.
func field(path, name string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
