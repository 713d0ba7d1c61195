package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const finalizer = "widgets.example.com/cleanup"

var widgetKind = schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Widget"}

// checkControllerRuntime runs a manager with leader election whose controller gives every Widget a ConfigMap, a
// finalizer and a status, and then deletes the Widgets.
func checkControllerRuntime(ctx context.Context, env environment) error {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), apiextensionsv1.AddToScheme(scheme)); err != nil {
		return err
	}
	direct, err := client.New(env.config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	if err := installWidgets(ctx, direct); err != nil {
		return fmt.Errorf("the definition: %w", err)
	}
	manager, err := ctrl.NewManager(env.config, ctrl.Options{
		Scheme:                  scheme,
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		LeaderElection:          true,
		LeaderElectionID:        "widgets.example.com",
		LeaderElectionNamespace: env.namespace,
		Cache:                   cache.Options{DefaultNamespaces: map[string]cache.Config{env.namespace: {}}},
		Client:                  client.Options{Cache: &client.CacheOptions{Unstructured: true}},
	})
	if err != nil {
		return err
	}
	reconciler := &widgets{client: manager.GetClient()}
	err = ctrl.NewControllerManagedBy(manager).Named(env.namespace).For(newWidget()).Owns(&corev1.ConfigMap{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: 8, SkipNameValidation: ptr.To(true)}).Complete(reconciler)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(running) }()
	failed := livesOfWidgets(ctx, env, direct, reconciler)
	stop()
	return errors.Join(failed, <-ended)
}

// livesOfWidgets creates Widgets, changes them, breaks what they own, and deletes them.
func livesOfWidgets(ctx context.Context, env environment, direct client.Client, reconciler *widgets) error {
	for i := range env.objects {
		widget := newWidget()
		widget.SetNamespace(env.namespace)
		widget.SetName(fmt.Sprintf("w-%d", i))
		if err := direct.Create(ctx, widget); err != nil {
			return err
		}
		if size, _, _ := unstructured.NestedInt64(widget.Object, "spec", "size"); size != 3 {
			return fmt.Errorf("the default size of %s is %d", widget.GetName(), size)
		}
	}
	ready := func(size int64) error {
		return eventually(ctx, "all widgets are ready", func() error {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(widgetKind)
			if err := direct.List(ctx, list, client.InNamespace(env.namespace)); err != nil {
				return err
			}
			count := 0
			for _, item := range list.Items {
				seen, _, _ := unstructured.NestedInt64(item.Object, "status", "size")
				observed, _, _ := unstructured.NestedInt64(item.Object, "status", "observedGeneration")
				if seen == size && observed == item.GetGeneration() {
					count++
				}
			}
			if count != env.objects {
				return fmt.Errorf("%d of %d; %d reconciliations, last error: %v", count, env.objects, reconciler.calls.Load(), reconciler.failed.Load())
			}
			return nil
		})
	}
	if err := ready(3); err != nil {
		return err
	}
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"size":7}}`))
	for i := range env.objects {
		widget := newWidget()
		widget.SetNamespace(env.namespace)
		widget.SetName(fmt.Sprintf("w-%d", i))
		if err := direct.Patch(ctx, widget, patch); err != nil {
			return err
		}
	}
	if err := ready(7); err != nil {
		return fmt.Errorf("after a change: %w", err)
	}

	first := client.ObjectKey{Namespace: env.namespace, Name: "w-0"}
	owned := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: first.Namespace, Name: first.Name}}
	if err := direct.Delete(ctx, owned); err != nil {
		return err
	}
	err := eventually(ctx, "a deleted ConfigMap is made again", func() error { return direct.Get(ctx, first, owned) })
	if err != nil {
		return err
	}
	if !metav1.IsControlledBy(owned, widgetOf(ctx, direct, first)) {
		return fmt.Errorf("the ConfigMap is owned by %v", owned.OwnerReferences)
	}
	tooBig := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"size":1000}}`))
	if err := direct.Patch(ctx, widgetOf(ctx, direct, first), tooBig); !apierrors.IsInvalid(err) {
		return fmt.Errorf("a size that the schema refuses answers %w", err)
	}

	if err := direct.DeleteAllOf(ctx, newWidget(), client.InNamespace(env.namespace)); err != nil {
		return err
	}
	return eventually(ctx, "all widgets go when their finalizers are done", func() error {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(widgetKind)
		err := direct.List(ctx, list, client.InNamespace(env.namespace))
		if err == nil && len(list.Items) > 0 {
			return fmt.Errorf("%d are left; last error: %v", len(list.Items), reconciler.failed.Load())
		}
		return err
	})
}

// widgets is the controller.
type widgets struct {
	client client.Client
	calls  atomic.Int64
	failed atomic.Value
}

func (w *widgets) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	w.calls.Add(1)
	err := w.reconcile(ctx, request)
	if err != nil && !apierrors.IsConflict(err) {
		w.failed.Store(err.Error())
	}
	return ctrl.Result{}, err
}

func (w *widgets) reconcile(ctx context.Context, request ctrl.Request) error {
	widget := newWidget()
	if err := w.client.Get(ctx, request.NamespacedName, widget); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !widget.GetDeletionTimestamp().IsZero() {
		owned := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: request.Namespace, Name: request.Name}}
		if err := client.IgnoreNotFound(w.client.Delete(ctx, owned)); err != nil {
			return err
		}
		if controllerutil.RemoveFinalizer(widget, finalizer) {
			return client.IgnoreNotFound(w.client.Update(ctx, widget))
		}
		return nil
	}
	if controllerutil.AddFinalizer(widget, finalizer) {
		if err := w.client.Update(ctx, widget); err != nil {
			return err
		}
	}
	size, _, err := unstructured.NestedInt64(widget.Object, "spec", "size")
	if err != nil {
		return err
	}
	owner := metav1ac.OwnerReference().WithAPIVersion(widgetKind.GroupVersion().String()).WithKind(widgetKind.Kind).
		WithName(widget.GetName()).WithUID(widget.GetUID()).WithController(true).WithBlockOwnerDeletion(true)
	wanted := corev1ac.ConfigMap(request.Name, request.Namespace).WithOwnerReferences(owner).WithData(map[string]string{"size": fmt.Sprint(size)})
	if err := w.client.Apply(ctx, wanted, client.FieldOwner("widgets"), client.ForceOwnership); err != nil {
		return err
	}
	status := map[string]any{"size": size, "observedGeneration": widget.GetGeneration()}
	if err := unstructured.SetNestedMap(widget.Object, status, "status"); err != nil {
		return err
	}
	return w.client.Status().Update(ctx, widget)
}

func newWidget() *unstructured.Unstructured {
	widget := &unstructured.Unstructured{}
	widget.SetGroupVersionKind(widgetKind)
	return widget
}

func widgetOf(ctx context.Context, direct client.Client, key client.ObjectKey) *unstructured.Unstructured {
	widget := newWidget()
	_ = direct.Get(ctx, key, widget)
	return widget
}

// installWidgets creates the definition and waits until its kind can be used.
func installWidgets(ctx context.Context, direct client.Client) error {
	properties := map[string]apiextensionsv1.JSONSchemaProps{
		"spec": {
			Type: "object",
			// Whole, since rules are asked of a default before what is missing in it is filled in.
			Default: &apiextensionsv1.JSON{Raw: []byte(`{"size": 3}`)},
			Properties: map[string]apiextensionsv1.JSONSchemaProps{
				"size": {Type: "integer", Default: &apiextensionsv1.JSON{Raw: []byte("3")}, Minimum: ptr.To(0.0)},
			},
			XValidations: apiextensionsv1.ValidationRules{{Rule: "self.size < 100", Message: "too big"}},
		},
		"status": {
			Type: "object",
			Properties: map[string]apiextensionsv1.JSONSchemaProps{
				"size": {Type: "integer"}, "observedGeneration": {Type: "integer", Format: "int64"},
			},
		},
	}
	definition := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "widgets.example.com"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: widgetKind.Group,
			Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "widgets", Singular: "widget", Kind: widgetKind.Kind},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: widgetKind.Version, Served: true, Storage: true,
				Schema:       &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", Properties: properties}},
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
			}},
		},
	}
	if err := client.IgnoreAlreadyExists(direct.Create(ctx, definition)); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return eventually(limited, "it is established", func() error {
		if err := direct.Get(ctx, client.ObjectKeyFromObject(definition), definition); err != nil {
			return err
		}
		for _, condition := range definition.Status.Conditions {
			if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
				_, err := direct.RESTMapper().RESTMapping(widgetKind.GroupKind(), widgetKind.Version)
				return err
			}
		}
		return fmt.Errorf("its conditions are %v", definition.Status.Conditions)
	})
}
