// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// far is a platform in virtual time: it answers what status says, 0 for nothing,
// and notes when it was asked.
type far struct {
	start time.Time

	mu         sync.Mutex
	status     int
	retryAfter time.Duration
	asked      []time.Duration
}

func (f *far) set(status int, retryAfter time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status, f.retryAfter = status, retryAfter
}

func (f *far) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, time.Since(f.start))
	if f.status == 0 {
		return nil, errors.New("no route")
	}
	resp := &http.Response{StatusCode: f.status, Header: http.Header{}, Body: http.NoBody, Request: r}
	if f.retryAfter > 0 {
		resp.Header.Set("Retry-After", strconv.Itoa(int(f.retryAfter/time.Second)))
	}

	return resp, nil
}

// watchFar watches a far platform for as long as during takes.
func watchFar(t *testing.T, during func(f *far, p *Platform)) (asked []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPlatform(Config{Base: &url.URL{Scheme: "https", Host: "platform.example.com"},
			Clock: NewClock(time.Now)})
		f := &far{start: time.Now(), status: 404}
		p.testOnlyTransport = f
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go p.Watch(ctx, func() {}, func() {})
		during(f, p)
		synctest.Wait()
		f.mu.Lock()
		defer f.mu.Unlock()
		asked = slices.Clone(f.asked)
	})

	return asked
}

func gaps(asked []time.Duration) (gaps []time.Duration) {
	for i := 1; i < len(asked); i++ {
		gaps = append(gaps, asked[i]-asked[i-1])
	}
	return gaps
}

func TestWatchAsksAHealthyPlatformSeldom(t *testing.T) {
	asked := watchFar(t, func(*far, *Platform) { time.Sleep(time.Hour) })
	if len(asked) < 11 || len(asked) > 14 || asked[0] > probeFirst {
		t.Errorf("asked at %v, want within 30 s and then every five minutes or so for an hour", asked)
	}
	if short := slices.Min(gaps(asked)); short < probeIdle*9/10 {
		t.Errorf("asked again after %v, want at least 4.5 minutes", short)
	}
}

// Stations that start together do not ask together.
func TestWatchesThatStartTogetherAskApart(t *testing.T) {
	var first []time.Duration
	for range 10 {
		first = append(first, watchFar(t, func(*far, *Platform) { time.Sleep(time.Minute) })[0])
	}

	if slices.Sort(first); first[len(first)-1]-first[0] < time.Second {
		t.Errorf("ten stations asked first after %v", first)
	}
}

func TestWatchAsksALostPlatformMoreOften(t *testing.T) {
	for _, status := range []int{0, 401, 500} {
		asked := watchFar(t, func(f *far, _ *Platform) {
			f.set(status, 0)
			time.Sleep(2 * time.Hour)
		})

		if len(asked) < 35 || len(asked) > 90 {
			t.Errorf("%d: asked %d times in two hours", status, len(asked))
		}
		if long := slices.Max(gaps(asked)); long > probeCap {
			t.Errorf("%d: asked again after %v, want at most %v", status, long, probeCap)
		}
	}
}

// A loss that a scan finds is looked after within 30 s, not at the next idle probe.
func TestWatchFollowsUpALossThatAScanFound(t *testing.T) {
	var lost time.Duration
	asked := watchFar(t, func(f *far, p *Platform) {
		time.Sleep(time.Minute)
		f.set(0, 0)
		lost = time.Since(f.start)
		submitWithin(p, scanA, time.Now().Add(-time.Minute), 8*time.Second)
		time.Sleep(time.Minute)
	})

	if i := slices.IndexFunc(asked, func(at time.Duration) bool { return at > lost }); i < 0 ||
		asked[i]-lost > probeFirst {
		t.Errorf("lost at %v, asked at %v", lost, asked)
	}
}

// Scans that are answered spare the probes.
func TestAnsweredScansSpareTheWatch(t *testing.T) {
	asked := watchFar(t, func(f *far, p *Platform) {
		for range 60 {
			time.Sleep(time.Minute)
			p.note("")
		}
	})

	if len(asked) > 1 {
		t.Errorf("asked at %v while scans were answered", asked)
	}
}

func TestWatchHonoursRetryAfter(t *testing.T) {
	asked := watchFar(t, func(f *far, p *Platform) {
		f.set(503, 10*time.Minute)
		for range 120 {
			time.Sleep(time.Minute)
			p.ask() // nor does a tap make it ask sooner
		}
	})

	if short := slices.Min(gaps(asked)); short < 10*time.Minute {
		t.Errorf("asked again after %v, want at least the ten minutes that it was told", short)
	}
	if len(asked) < 8 {
		t.Errorf("asked %d times in two hours, want about eleven", len(asked))
	}
}

// Taps in vain have it asked at once, but not more often than every five seconds,
// and the last of them is not forgotten.
func TestTapsInVainHaveTheWatchAskAtOnce(t *testing.T) {
	var begun time.Duration
	asked := watchFar(t, func(f *far, p *Platform) {
		time.Sleep(time.Minute)
		begun = time.Since(f.start)
		for range 12 {
			p.ask()
			time.Sleep(time.Second)
		}

		time.Sleep(10 * time.Second)
	})

	asked = slices.DeleteFunc(asked, func(at time.Duration) bool { return at < begun })
	want := []time.Duration{begun, begun + 5*time.Second, begun + 10*time.Second, begun + 15*time.Second}
	if !slices.Equal(asked, want) {
		t.Errorf("asked at %v, want %v", asked, want)
	}
}
