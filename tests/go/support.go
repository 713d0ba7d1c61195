package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// inNamespace runs a check in a namespace that is deleted afterwards; nothing waits for its end, since that takes a
// kube-controller-manager.
func inNamespace(ctx context.Context, env environment, run func(context.Context, environment) error) error {
	namespaces := kubernetes.NewForConfigOrDie(env.protobuf).CoreV1().Namespaces()
	_, err := namespaces.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: env.namespace}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("its namespace: %w", err)
	}
	defer func() { _ = namespaces.Delete(context.Background(), env.namespace, metav1.DeleteOptions{}) }()
	return run(ctx, env)
}

// eventually tries until it works or the context ends.
func eventually(ctx context.Context, what string, attempt func() error) error {
	for {
		err := attempt()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// traffic is what went over the wire: clients fall back to plainer requests without a word when a server refuses.
type traffic struct {
	mutex sync.Mutex
	// Watches that asked for the initial events.
	watchLists int
	// Lists: what a reflector does when a server knows no WatchList.
	lists []string
	// Answers that are not in the content type that was asked for first.
	otherTypes []string
}

// observed is a config whose requests are noted.
func observed(config *rest.Config) (*rest.Config, *traffic) {
	noted := &traffic{}
	config = rest.CopyConfig(config)
	config.Wrap(func(inner http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			response, err := inner.RoundTrip(request)
			if err == nil {
				noted.note(request, response)
			}
			return response, err
		})
	})
	return config, noted
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

func (t *traffic) note(request *http.Request, response *http.Response) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	query := request.URL.Query()
	switch {
	case query.Get("sendInitialEvents") == "true":
		t.watchLists++
	case request.Method == http.MethodGet && query.Get("watch") == "" && query.Get("limit") != "":
		t.lists = append(t.lists, request.URL.String())
	}
	if response.StatusCode >= http.StatusBadRequest {
		return
	}
	wanted, _, _ := strings.Cut(request.Header.Get("Accept"), ",")
	wanted, _, _ = strings.Cut(wanted, ";")
	if got := response.Header.Get("Content-Type"); !strings.HasPrefix(got, wanted) {
		t.otherTypes = append(t.otherTypes, fmt.Sprintf("%s %s: %s for %s", request.Method, request.URL, got, request.Header.Get("Accept")))
	}
}

// problem is what informers should not have had to do.
func (t *traffic) problem(watchLists int) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	switch {
	case t.watchLists < watchLists:
		return fmt.Errorf("%d watches asked for initial events instead of %d; lists: %v", t.watchLists, watchLists, t.lists)
	case len(t.lists) > 0:
		return fmt.Errorf("informers fell back to lists: %v", t.lists)
	case len(t.otherTypes) > 0:
		return fmt.Errorf("answers in other content types: %v", t.otherTypes)
	}
	return nil
}
