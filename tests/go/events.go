package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/tools/reference"
)

// checkEventRecorders writes events through the recorders of both APIs, with repetitions, and reads them through both.
func checkEventRecorders(ctx context.Context, env environment) error {
	clients := kubernetes.NewForConfigOrDie(env.protobuf)
	about, err := clients.CoreV1().ConfigMaps(env.namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "subject"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}

	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: clients.CoreV1().Events("")})
	old := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "old"})
	for range 3 {
		old.Eventf(about, corev1.EventTypeNormal, "Old", "the same message")
	}
	err = eventually(ctx, "the old API's event is counted", func() error {
		list, err := clients.CoreV1().Events(env.namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=Old,involvedObject.name=subject"})
		if err != nil || len(list.Items) != 1 || list.Items[0].Count != 3 {
			return fmt.Errorf("%v: %w", list, err)
		}
		return nil
	})
	if err != nil {
		return err
	}

	newBroadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: clients.EventsV1()})
	defer newBroadcaster.Shutdown()
	if err := newBroadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		return err
	}
	recorder := newBroadcaster.NewRecorder(scheme.Scheme, "example.com/new")
	for range 3 {
		recorder.Eventf(about, nil, corev1.EventTypeWarning, "New", "Testing", "the same note")
	}
	err = eventually(ctx, "the new API's event becomes a series", func() error {
		list, err := clients.EventsV1().Events(env.namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=New"})
		if err != nil || len(list.Items) != 1 || list.Items[0].Series == nil || list.Items[0].Series.Count < 2 {
			return fmt.Errorf("%v: %w", list, err)
		}
		return sameReference(list.Items[0], about)
	})
	if err != nil {
		return err
	}
	found, err := clients.CoreV1().Events(env.namespace).SearchWithContext(ctx, scheme.Scheme, about)
	if err != nil || len(found.Items) != 2 {
		return fmt.Errorf("a search for events about the object finds %v: %w", found, err)
	}
	return nil
}

func sameReference(event eventsv1.Event, about *corev1.ConfigMap) error {
	want, err := reference.GetReference(scheme.Scheme, about)
	if err != nil || event.Regarding.UID != want.UID || event.Regarding.Kind != want.Kind {
		return fmt.Errorf("the event is about %v, not %v: %w", event.Regarding, want, err)
	}
	return nil
}
