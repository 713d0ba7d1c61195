package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/retry"
)

// checkTypedApply owns fields of a Deployment as two managers do, takes them over by force and gives them up.
func checkTypedApply(ctx context.Context, env environment) error {
	deployments := kubernetes.NewForConfigOrDie(env.protobuf).AppsV1().Deployments(env.namespace)
	labels := map[string]string{"app": "applied"}
	wanted := func(replicas int32, image string) *appsv1ac.DeploymentApplyConfiguration {
		template := corev1ac.PodTemplateSpec().WithLabels(labels).
			WithSpec(corev1ac.PodSpec().WithContainers(corev1ac.Container().WithName("main").WithImage(image)))
		return appsv1ac.Deployment("applied", env.namespace).WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(replicas).WithSelector(metav1ac.LabelSelector().WithMatchLabels(labels)).WithTemplate(template))
	}
	if _, err := deployments.Apply(ctx, wanted(1, "registry.example/app:1"), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	_, err := deployments.Apply(ctx, wanted(2, "registry.example/app:1"), metav1.ApplyOptions{FieldManager: "two"})
	if !apierrors.IsConflict(err) {
		return fmt.Errorf("another manager's field is applied without force: %w", err)
	}
	forced, err := deployments.Apply(ctx, wanted(2, "registry.example/app:1"), metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil || *forced.Spec.Replicas != 2 {
		return fmt.Errorf("applied by force: %v: %w", forced, err)
	}
	mine, err := appsv1ac.ExtractDeployment(forced, "one")
	if err != nil || mine.Spec.Replicas != nil || len(mine.Spec.Template.Spec.Containers) != 1 {
		return fmt.Errorf("the first manager still owns %v: %w", mine, err)
	}
	scale, err := deployments.GetScale(ctx, "applied", metav1.GetOptions{})
	if err != nil {
		return err
	}
	scale.Spec.Replicas = 5
	if _, err := deployments.UpdateScale(ctx, "applied", scale, metav1.UpdateOptions{FieldManager: "scaler"}); err != nil {
		return err
	}
	status := appsv1ac.Deployment("applied", env.namespace).WithStatus(appsv1ac.DeploymentStatus().WithReplicas(5).WithObservedGeneration(2))
	applied, err := deployments.ApplyStatus(ctx, status, metav1.ApplyOptions{FieldManager: "controller"})
	if err != nil || applied.Status.Replicas != 5 || *applied.Spec.Replicas != 5 {
		return fmt.Errorf("the applied status: %v: %w", applied, err)
	}
	return nil
}

// checkConflicts increments one counter from many sides: each conflict must be seen and retried.
func checkConflicts(ctx context.Context, env environment) error {
	maps := kubernetes.NewForConfigOrDie(env.protobuf).CoreV1().ConfigMaps(env.namespace)
	if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "counter"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	const writers, increments = 4, 25
	done := make(chan error, writers)
	for range writers {
		go func() {
			var failed error
			for range increments {
				backoff := retry.DefaultBackoff
				backoff.Steps = 1000
				backoff.Factor = 1
				failed = errors.Join(failed, retry.RetryOnConflict(backoff, func() error {
					counter, err := maps.Get(ctx, "counter", metav1.GetOptions{})
					if err != nil {
						return err
					}
					if counter.Data == nil {
						counter.Data = map[string]string{}
					}
					counter.Data["ones"] += "1"
					_, err = maps.Update(ctx, counter, metav1.UpdateOptions{})
					return err
				}))
			}
			done <- failed
		}()
	}
	var failed error
	for range writers {
		failed = errors.Join(failed, <-done)
	}
	counter, err := maps.Get(ctx, "counter", metav1.GetOptions{})
	if failed == nil && err == nil && len(counter.Data["ones"]) != writers*increments {
		return fmt.Errorf("%d of %d increments are there", len(counter.Data["ones"]), writers*increments)
	}
	return errors.Join(failed, err)
}
