// SPDX-License-Identifier: Apache-2.0

package led

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	return string(b)
}

func TestFileLineHoldsOneOrZero(t *testing.T) {
	for _, tt := range []struct {
		name, before string
	}{
		{"not there", ""},
		{"lit", "1\n"},
		{"longer", "255 and more\nlines\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "brightness")
			if tt.before != "" {
				if err := os.WriteFile(path, []byte(tt.before), 0o644); err != nil {
					t.Fatal(err)
				}
			}

			line, err := openFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := readFile(t, path), "0\n"; got != want {
				t.Errorf("opened: %q, want %q", got, want)
			}

			for _, on := range []bool{true, true, false, true} {
				if err := line.Set(on); err != nil {
					t.Fatal(err)
				}

				want := map[bool]string{true: "1\n", false: "0\n"}[on]
				if got := readFile(t, path); got != want {
					t.Errorf("Set(%v): %q, want %q", on, got, want)
				}
			}

			if err := line.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A program that polls a lamp's file always reads 0 or 1 and a newline: never half of it, never an empty file.
func TestFileLineIsNeverSeenEmpty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "green")
	if err := os.WriteFile(path, []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}

	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}

			if b, err := os.ReadFile(path); err != nil || string(b) != "0\n" && string(b) != "1\n" {
				t.Errorf("read %q, %v", b, err)
				return
			}
		}
	}()

	for range 2000 {
		line, err := openFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(line.Set(true), line.Close()); err != nil {
			t.Fatal(err)
		}
	}

	close(stop)
	await.Value(t, "the end of the goroutine that reads", done)
}

func TestFIFOWithoutReaderOrRoomFailsSoon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}

	_, err := openFile(path)
	if !errors.Is(err, syscall.ENXIO) || !strings.Contains(err.Error(), "nobody reads") {
		t.Errorf("without a reader: %v", err)
	}

	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()

	line, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()

	if err := line.Set(true); err != nil {
		t.Fatal(err)
	}

	buf := make([]byte, 10)
	n, err := reader.Read(buf)
	if got, want := string(buf[:n]), "0\n1\n"; got != want || err != nil {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}

	// Nobody reads from here on: the FIFO fills up, and the deadline ends the last write.
	began := time.Now()
	for err = nil; err == nil; {
		err = line.Set(true)
	}

	if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "stopped reading") {
		t.Errorf("full: %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("full pipe held us for %v", took)
	}
}

func TestFileErrorSaysWhatMendsIt(t *testing.T) {
	dir := t.TempDir()
	for _, p := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}

	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o555); err != nil {
		t.Fatal(err)
	}

	for _, tt := range []struct {
		name, path string
		want       error
		words      string
	}{
		{"no directory", filepath.Join(dir, "nowhere", "brightness"), fs.ErrNotExist,
			"create the directory " + filepath.Join(dir, "nowhere")},
		{"closed directory", filepath.Join(closed, "brightness"), fs.ErrPermission, "permission to write"},
		{"a directory", dir, syscall.EISDIR, dir},
		{"no name", "", fs.ErrNotExist, "create the directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			withoutRootPermissions(t, func() {
				_, err := openFile(tt.path)
				if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.words) {
					t.Errorf("got %v; want %v and %q", err, tt.want, tt.words)
				}
			})
		})
	}

	if got, want := fileMend("/x", syscall.EROFS), "ReadWritePaths="; !strings.Contains(got, want) {
		t.Errorf("read-only file system: %q, want %q in it", got, want)
	}
}

// withoutRootPermissions runs f as a user who may not write everywhere, even if root runs the test.
func withoutRootPermissions(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}

	runtime.LockOSThread() // never unlocked: the thread ends with the test, and the user ID with it
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}

	f()
}

func TestLampThatFailedAtOpenIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	c := Config{
		Green:     "file:" + at("green"),
		Red:       "file:" + at("nowhere/red"),
		Amber:     "file:" + at("amber"),
		ActiveLow: true,
	}

	lamps, err := Open(c)
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "leds.red: ") {
		t.Errorf("Open: %v", err)
	}

	for _, name := range []string{"green", "amber"} {
		if got, want := readFile(t, at(name)), "0\n"; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}

	if err := os.Mkdir(at("nowhere"), 0o755); err != nil {
		t.Fatal(err)
	}

	lamps.Show(Dark) // the line is there now, and Close tries it again
	if err := lamps.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}

	for _, name := range []string{"green", "nowhere/red", "amber"} {
		if err := os.WriteFile(at(name), []byte("1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	if err := Off(c); err != nil {
		t.Errorf("Off: %v", err)
	}

	for _, name := range []string{"green", "nowhere/red", "amber"} {
		if got, want := readFile(t, at(name)), "0\n"; got != want {
			t.Errorf("%s after Off: %q, want %q", name, got, want)
		}
	}
}

func TestOffReturnsErrorOfFailedLamp(t *testing.T) {
	missing := "file:" + filepath.Join(t.TempDir(), "nowhere/green")

	err := Off(Config{Green: missing})
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "leds.green: ") {
		t.Errorf("Off: %v", err)
	}
}

func TestOpenRefusesTwoLampsOnOneLine(t *testing.T) {
	path := "file:" + filepath.Join(t.TempDir(), "one")
	lamps, err := Open(Config{Green: path, Red: path})
	if err == nil || !strings.Contains(err.Error(), "leds.red: "+path+" is the line of leds.green too") {
		t.Errorf("Open: %v", err)
	}

	_ = lamps.Close() // it returns the same error again
}
