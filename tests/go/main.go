// Command minkapi-go-clients does to one view what controllers written in Go do, and says what did not work.
//
//	minkapi-go-clients -kubeconfig FILE [-objects N] [CHECK...]
//
// It prints one line for each check and fails if one of them failed.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"time"

	"github.com/go-logr/stdr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

// A check uses one kind of client until all of it has worked once.
type check struct {
	name string
	run  func(ctx context.Context, env environment) error
}

// What a check gets.
type environment struct {
	// For any client that negotiates its content type itself.
	config *rest.Config
	// For clients of built-in kinds: protobuf, as the programs of Kubernetes use it.
	protobuf *rest.Config
	// A namespace of its own.
	namespace string
	// How many objects are reconciled.
	objects int
}

var checks = []check{
	{"discovery", checkDiscovery},
	{"typed-informers", checkTypedInformers},
	{"metadata-informers", checkMetadataInformers},
	{"dynamic-informers", checkDynamicInformers},
	{"leader-election", checkLeaderElection},
	{"event-recorders", checkEventRecorders},
	{"typed-apply", checkTypedApply},
	{"conflicts", checkConflicts},
	{"drain", checkDrain},
	{"controller-runtime", checkControllerRuntime},
}

func main() {
	objects := flag.Int("objects", 500, "objects that the controller reconciles")
	limit := flag.Duration("timeout", 2*time.Minute, "for each check")
	flag.Parse()
	logger := stdr.New(log.New(os.Stderr, "", log.Ltime))
	klog.SetLogger(logger)
	ctrl.SetLogger(logger)

	config, err := ctrl.GetConfig() // it has defined the flag
	if err != nil {
		fmt.Println("FAIL kubeconfig:", err)
		os.Exit(2)
	}
	config.QPS = -1
	protobuf := rest.CopyConfig(config)
	protobuf.ContentType = runtime.ContentTypeProtobuf
	protobuf.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON

	failed := false
	for _, check := range checks {
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), check.name) {
			continue
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), *limit)
		env := environment{config: config, protobuf: protobuf, namespace: "go-" + check.name, objects: *objects}
		err := inNamespace(ctx, env, check.run)
		cancel()
		if err != nil {
			failed = true
			fmt.Printf("FAIL %s: %v\n", check.name, err)
			continue
		}
		fmt.Printf("ok %s %.1fs\n", check.name, time.Since(start).Seconds())
	}
	if failed {
		os.Exit(1)
	}
}
