package main

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	openapicached "k8s.io/client-go/openapi/cached"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/restmapper"
)

// checkDiscovery reads all of discovery, maps kinds and resources, and parses every OpenAPI document.
func checkDiscovery(ctx context.Context, env environment) error {
	clients := discovery.NewDiscoveryClientForConfigOrDie(env.config)
	version, err := clients.ServerVersion()
	if err != nil || version.Minor != "37" {
		return fmt.Errorf("version %v: %w", version, err)
	}
	groups, resources, err := clients.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	legacy := discovery.NewDiscoveryClientForConfigOrDie(env.config)
	legacy.UseLegacyDiscovery = true
	oldGroups, oldResources, err := legacy.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	if len(groups) != len(oldGroups) || len(resources) != len(oldResources) {
		return fmt.Errorf("aggregated discovery has %d groups and %d versions, the old one %d and %d", len(groups), len(resources), len(oldGroups), len(oldResources))
	}
	preferred, err := clients.ServerPreferredResources()
	if err != nil {
		return err
	}
	watchable := discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "watch"}}, preferred)
	if len(watchable) < 15 {
		return fmt.Errorf("only %d groups can be listed and watched", len(watchable))
	}

	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(clients)), clients, nil)
	for short, want := range map[string]string{"deploy": "deployments", "pdb": "poddisruptionbudgets", "netpol": "networkpolicies", "crd": "customresourcedefinitions"} {
		got, err := mapper.ResourceFor(schema.GroupVersionResource{Resource: short})
		if err != nil || got.Resource != want {
			return fmt.Errorf("%s is %v, not %s: %w", short, got, want, err)
		}
	}
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"})
	if err != nil || mapping.Resource.Version != "v1" || mapping.Scope.Name() != "namespace" {
		return fmt.Errorf("apps Deployment maps to %v: %w", mapping, err)
	}

	documents := openapi3.NewRoot(openapicached.NewClient(clients.OpenAPIV3()))
	versions, err := documents.GroupVersions()
	if err != nil || len(versions) < len(groups) {
		return fmt.Errorf("%d OpenAPI documents: %w", len(versions), err)
	}
	for _, version := range versions {
		if _, err := documents.GVSpec(version); err != nil {
			return fmt.Errorf("OpenAPI of %s: %w", version, err)
		}
	}
	document, err := clients.OpenAPISchema()
	if err != nil {
		return fmt.Errorf("OpenAPI v2: %w", err)
	}
	if len(document.GetDefinitions().GetAdditionalProperties()) < 500 {
		return errors.New("OpenAPI v2 has too few definitions")
	}
	_, err = clients.ServerResourcesForGroupVersion(metav1.SchemeGroupVersion.String() + "alpha7")
	if err == nil {
		return errors.New("a version that is not served has resources")
	}
	return nil
}
