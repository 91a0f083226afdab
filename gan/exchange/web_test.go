package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gangpu/gan/train"
)

// runtimeVariable in the environment is the folder dist of onnxruntime-web, as make onnxruntime-web
// fetches it.
const runtimeVariable = "GANGPU_ONNXRUNTIME_WEB"

// TestPeersBrowser opens the page as a file in a real browser that can reach nothing but this test,
// and compares the images that it makes with ours.
func TestPeersBrowser(t *testing.T) {
	runtime := os.Getenv(runtimeVariable)
	if runtime == "" {
		t.Skip(runtimeVariable + " names no ONNX Runtime Web; make test-export does")
	}
	browser := findBrowser(t)
	m := randomModel(t, oddGame(5))
	const class, count, latent, classes = 3, 4, 9, 5
	values := make([]float32, count*latent)
	for i := range values {
		values[i] = float32(i%7)/3 - 1
	}
	one := make([]float32, count*classes)
	for i := range count {
		one[i*classes+class] = 1
	}
	want := runUse(t, m, train.SampleUse, map[string][]float32{"z": values, "class": one})
	noise, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	posted := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		select {
		case posted <- string(text):
		default:
		}
	}))
	defer server.Close()

	dir := t.TempDir()
	if err := WriteWeb(dir, m, runtime); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(dir, "index.html")
	page, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	// A person moves every control; then the page makes images of the noise.
	script := fmt.Sprintf(`<script>(async () => {
		const post = text => fetch(%q, { method: "POST", mode: "no-cors", body: text });
		try {
			const until = async (what, test) => {
				for (let i = 0; !test(); i++) {
					if (i > 600) throw new Error(what + ": " + get("status").textContent);
					await new Promise(done => setTimeout(done, 100));
				}
			};
			const picture = id => Array.from(get(id).getContext("2d").getImageData(0, 0, width, height).data).join();
			await until("it starts", () => get("status").textContent === "" && get("grid").children[24].width === width);
			const first = picture("moved");
			get("class").value = "%d";
			get("class").onchange();
			await until("another class", () => picture("moved") !== first);
			const before = ["from", "middle", "to", "moved"].map(picture);
			get("grid").children[3].click();
			await until("an image is chosen", () => picture("from") !== before[0] && picture("moved") !== before[3]);
			await until("the place is at the beginning", () => picture("middle") === picture("from"));
			get("place").value = 1;
			get("place").oninput();
			await until("the place is at the end", () => picture("middle") === before[2]);
			const slider = get("sliders").querySelector("input"), chosen = picture("moved");
			slider.value = 2;
			slider.oninput();
			await until("a direction", () => picture("moved") !== chosen);
			get("reset").click();
			await until("reset", () => picture("moved") === chosen);
			get("play").click();
			await until("it plays", () => Number(get("place").value) < 1);
			get("play").click();
			const noise = Float32Array.from(%s);
			post(JSON.stringify(Array.from(await generate(noise))));
		} catch (error) {
			post("failed: " + error);
		}
	})()</script></body>`, server.URL, class, noise)
	if err := os.WriteFile(index, []byte(strings.Replace(string(page), "</body>", script, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	profile, err := os.MkdirTemp("", "gangpu-browser-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(profile) // which what is left of the browser may hinder
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		"--remote-debugging-port=0", "--user-data-dir="+profile, "file://"+filepath.ToSlash(index))
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	select {
	case text := <-posted:
		var got []float32
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(text)
		}
		compare(t, "the browser's images", got, want)
	case <-ctx.Done():
		t.Fatal("the browser said nothing")
	}
}

func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no browser: chromium or google-chrome")
	return ""
}

// Without the runtime beside it a page names where it comes from, pinned.
func TestWeb(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "page")
	if err := WriteWeb(dir, kerasModelFile(t), ""); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"onnxruntime-web@" + onnxRuntimeWeb + "/dist/ort.wasm.min.js", `integrity="` + onnxRuntimeWebHash + `"`, "8×8 pixels of 5 random numbers"} {
		if !strings.Contains(html.UnescapeString(string(page)), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if err := WriteWeb(filepath.Join(dir, "other"), kerasModelFile(t), dir); err == nil || !strings.Contains(err.Error(), runtimeScript) {
		t.Errorf("a folder that is no runtime: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "other")); err == nil {
		t.Error("left a folder")
	}
}
