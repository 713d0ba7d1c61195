package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// checkLeaderElection has two candidates: the second one takes over when the first one steps down, and never earlier.
func checkLeaderElection(ctx context.Context, env environment) error {
	clients := kubernetes.NewForConfigOrDie(env.protobuf)
	leading := make(chan string, 2)
	stopped := make(chan string, 2)
	candidate := func(name string) (context.CancelFunc, error) {
		lock, err := resourcelock.New(resourcelock.LeasesResourceLock, env.namespace, "boss", clients.CoreV1(), clients.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: name})
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithCancel(ctx)
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 200 * time.Millisecond, ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { leading <- name },
				OnStoppedLeading: func() { stopped <- name },
			},
		})
		if err != nil {
			cancel()
			return nil, err
		}
		go elector.Run(ctx)
		return cancel, nil
	}
	expect := func(from <-chan string, want string) error {
		select {
		case got := <-from:
			if got != want {
				return fmt.Errorf("%s instead of %s", got, want)
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("nothing from %s", want)
		}
	}

	stopFirst, err := candidate("first")
	if err != nil {
		return err
	}
	defer stopFirst()
	if err := expect(leading, "first"); err != nil {
		return err
	}
	stopSecond, err := candidate("second")
	if err != nil {
		return err
	}
	defer stopSecond()
	select {
	case got := <-leading:
		return fmt.Errorf("%s leads beside the first candidate", got)
	case <-stopped:
		return errors.New("the leader lost its lease")
	case <-time.After(4 * time.Second):
	}
	stopFirst()
	if err := errors.Join(expect(stopped, "first"), expect(leading, "second")); err != nil {
		return err
	}
	lease, err := clients.CoordinationV1().Leases(env.namespace).Get(ctx, "boss", metav1.GetOptions{})
	if err != nil || *lease.Spec.HolderIdentity != "second" || *lease.Spec.LeaseTransitions < 1 {
		return fmt.Errorf("the lease is %v: %w", lease, err)
	}
	return nil
}
