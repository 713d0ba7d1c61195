package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What the three informer factories have in common.
type factory struct {
	forResource func(schema.GroupVersionResource) (cache.SharedIndexInformer, error)
	start       func(stop <-chan struct{})
	// The object as the client of these informers gets it, to compare with the cache.
	get func(context.Context, schema.GroupVersionResource, client.Object) (runtime.Object, error)
}

func checkTypedInformers(ctx context.Context, env environment) error {
	config, traffic := observed(env.protobuf)
	clients := kubernetes.NewForConfigOrDie(config)
	typed := informers.NewSharedInformerFactory(clients, 0)
	plain, err := client.New(env.protobuf, client.Options{})
	if err != nil {
		return err
	}
	return followSamples(ctx, env, traffic, factory{
		forResource: func(resource schema.GroupVersionResource) (cache.SharedIndexInformer, error) {
			informer, err := typed.ForResource(resource)
			if err != nil {
				return nil, err
			}
			return informer.Informer(), nil
		},
		start: typed.Start,
		get: func(ctx context.Context, _ schema.GroupVersionResource, sample client.Object) (runtime.Object, error) {
			fresh := sample.DeepCopyObject().(client.Object)
			return fresh, plain.Get(ctx, client.ObjectKeyFromObject(sample), fresh)
		},
	})
}

func checkMetadataInformers(ctx context.Context, env environment) error {
	config, traffic := observed(env.protobuf)
	clients := metadata.NewForConfigOrDie(config)
	partial := metadatainformer.NewSharedInformerFactory(clients, 0)
	return followSamples(ctx, env, traffic, factory{
		forResource: func(resource schema.GroupVersionResource) (cache.SharedIndexInformer, error) {
			return partial.ForResource(resource).Informer(), nil
		},
		start: partial.Start,
		get: func(ctx context.Context, resource schema.GroupVersionResource, sample client.Object) (runtime.Object, error) {
			return clients.Resource(resource).Namespace(sample.GetNamespace()).Get(ctx, sample.GetName(), metav1.GetOptions{})
		},
	})
}

func checkDynamicInformers(ctx context.Context, env environment) error {
	config, traffic := observed(env.config)
	clients := dynamic.NewForConfigOrDie(config)
	untyped := dynamicinformer.NewDynamicSharedInformerFactory(clients, 0)
	return followSamples(ctx, env, traffic, factory{
		forResource: func(resource schema.GroupVersionResource) (cache.SharedIndexInformer, error) {
			return untyped.ForResource(resource).Informer(), nil
		},
		start: untyped.Start,
		get: func(ctx context.Context, resource schema.GroupVersionResource, sample client.Object) (runtime.Object, error) {
			return clients.Resource(resource).Namespace(sample.GetNamespace()).Get(ctx, sample.GetName(), metav1.GetOptions{})
		},
	})
}

// followSamples has informers follow objects of all kinds through their lives: half of them exist before the informers
// start, half come after; then all are labelled and deleted.
func followSamples(ctx context.Context, env environment, traffic *traffic, factory factory) error {
	writer, err := client.New(env.protobuf, client.Options{})
	if err != nil {
		return err
	}
	objects := samples(env.namespace, env.namespace)
	resources := make([]schema.GroupVersionResource, len(objects))
	caches := make([]cache.SharedIndexInformer, len(objects))
	for i, object := range objects {
		mapping, err := mappingOf(writer, object)
		if err != nil {
			return err
		}
		resources[i] = mapping.Resource
		if caches[i], err = factory.forResource(mapping.Resource); err != nil {
			return err
		}
	}
	create := func(remainder int) error {
		for i, object := range objects {
			if i%2 != remainder {
				continue
			}
			if err := writer.Create(ctx, object); err != nil {
				return fmt.Errorf("create %s: %w", resources[i].Resource, err)
			}
		}
		return nil
	}
	if err := create(0); err != nil {
		return err
	}
	stop := make(chan struct{})
	defer close(stop)
	factory.start(stop)
	for i, informer := range caches {
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return fmt.Errorf("the informer for %s does not get in sync", resources[i].Resource)
		}
		if i%2 == 0 && cached(informer, objects[i]) == nil {
			return fmt.Errorf("the informer for %s is in sync and lacks the object", resources[i].Resource)
		}
	}
	if err := create(1); err != nil {
		return err
	}
	sameAsServed := func() error {
		for i, object := range objects {
			err := eventually(ctx, resources[i].Resource, func() error {
				fresh, err := factory.get(ctx, resources[i], object)
				if err != nil {
					return err
				}
				return sameObject(cached(caches[i], object), fresh)
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := sameAsServed(); err != nil {
		return fmt.Errorf("after creation: %w", err)
	}
	for i, object := range objects {
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"seen":"yes"}}}`))
		if err := writer.Patch(ctx, object, patch); err != nil {
			return fmt.Errorf("patch %s: %w", resources[i].Resource, err)
		}
		if object.GetAnnotations()["seen"] != "yes" {
			return fmt.Errorf("the patched %s lacks the annotation", resources[i].Resource)
		}
	}
	if err := sameAsServed(); err != nil {
		return fmt.Errorf("after a patch: %w", err)
	}
	for i, object := range objects {
		// Protected by finalizers of controllers that do not run here.
		object.SetFinalizers(nil)
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
		if err := errors.Join(writer.Delete(ctx, object, client.GracePeriodSeconds(0)), client.IgnoreNotFound(writer.Patch(ctx, object, patch))); err != nil {
			return fmt.Errorf("delete %s: %w", resources[i].Resource, err)
		}
		if _, err := factory.get(ctx, resources[i], object); !apierrors.IsNotFound(err) {
			return fmt.Errorf("the deleted %s is still there: %w", resources[i].Resource, err)
		}
		err := eventually(ctx, resources[i].Resource, func() error {
			if cached(caches[i], object) != nil {
				return errors.New("the deleted object is still in the cache")
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return traffic.problem(len(objects))
}

func mappingOf(clients client.Client, object runtime.Object) (*meta.RESTMapping, error) {
	kinds, _, err := scheme.Scheme.ObjectKinds(object)
	if err != nil {
		return nil, err
	}
	return clients.RESTMapper().RESTMapping(kinds[0].GroupKind(), kinds[0].Version)
}

func cached(informer cache.SharedIndexInformer, object client.Object) runtime.Object {
	key, err := cache.MetaNamespaceKeyFunc(object)
	if err != nil {
		return nil
	}
	item, exists, err := informer.GetStore().GetByKey(key)
	if err != nil || !exists {
		return nil
	}
	return item.(runtime.Object)
}

// sameObject compares all but the kind, which typed clients drop.
func sameObject(one, other runtime.Object) error {
	if one == nil || other == nil {
		return errors.New("not in the cache")
	}
	left, right := content(one), content(other)
	if !equality.Semantic.DeepEqual(left, right) {
		a, _ := json.Marshal(left)
		b, _ := json.Marshal(right)
		return fmt.Errorf("the cache differs from what is served:\n%s\n%s", a, b)
	}
	return nil
}

func content(object runtime.Object) map[string]any {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	unstructured.RemoveNestedField(fields, "kind")
	unstructured.RemoveNestedField(fields, "apiVersion")
	return fields
}
