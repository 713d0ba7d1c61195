package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubectl/pkg/drain"
	"k8s.io/utils/ptr"
)

// checkDrain empties a node as kubectl drain does: a budget that allows nothing stops it, then it allows the pods.
func checkDrain(ctx context.Context, env environment) error {
	clients := kubernetes.NewForConfigOrDie(env.protobuf)
	node, err := clients.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: env.namespace}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	pods := clients.CoreV1().Pods(env.namespace)
	for _, name := range []string{"a", "b"} {
		spec := pod.DeepCopy()
		spec.Tolerations = nil
		spec.NodeName = node.Name
		// Owned: drain refuses pods that nobody would start again.
		owner := metav1.OwnerReference{APIVersion: "batch/v1", Kind: "Job", Name: "gone", UID: "1", Controller: ptr.To(true)}
		meta := named(env.namespace, name)
		meta.OwnerReferences = []metav1.OwnerReference{owner}
		created, err := pods.Create(ctx, &corev1.Pod{ObjectMeta: meta, Spec: *spec}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		created.Status.Phase = corev1.PodRunning
		created.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		if _, err := pods.UpdateStatus(ctx, created, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	budgets := clients.PolicyV1().PodDisruptionBudgets(env.namespace)
	budget, err := budgets.Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: named(env.namespace, "budget"),
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: selector, MinAvailable: ptr.To(intstr.FromInt32(1))},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}

	helper := &drain.Helper{Ctx: ctx, Client: clients, Out: io.Discard, ErrOut: io.Discard, GracePeriodSeconds: 0, Force: true, IgnoreAllDaemonSets: true}
	if err := drain.RunCordonOrUncordon(helper, node, true); err != nil {
		return err
	}
	policy, err := drain.CheckEvictionSupport(clients)
	if err != nil || policy.Version != "v1" {
		return fmt.Errorf("eviction is served as %v: %w", policy, err)
	}
	// A budget whose status is not up to date makes clients wait and try again.
	budget.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: budget.Generation, CurrentHealthy: 2, ExpectedPods: 2}
	if budget, err = budgets.UpdateStatus(ctx, budget, metav1.UpdateOptions{}); err != nil {
		return err
	}
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: env.namespace, Name: "a"}, DeleteOptions: &metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}}
	if err := pods.EvictV1(ctx, eviction); !apierrors.IsTooManyRequests(err) {
		return fmt.Errorf("a budget that allows nothing answers %w", err)
	}
	budget.Status.DisruptionsAllowed = 2
	if _, err := budgets.UpdateStatus(ctx, budget, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err := drain.RunNodeDrain(helper, node.Name); err != nil {
		return err
	}
	left, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil || len(left.Items) != 0 {
		return errors.Join(fmt.Errorf("%d pods are left", len(left.Items)), err)
	}
	budget, err = budgets.Get(ctx, "budget", metav1.GetOptions{})
	if err != nil || budget.Status.DisruptionsAllowed != 0 {
		return fmt.Errorf("the budget is %v: %w", budget, err)
	}
	return nil
}
