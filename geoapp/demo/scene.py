"""The scene: everything that has a place before anything happens there."""

from __future__ import annotations

from dataclasses import dataclass

from geoapp.demo.facilities import Facilities, make_facilities, write_facilities
from geoapp.demo.ground import Ground
from geoapp.demo.network import Network, build_network, write_roads
from geoapp.demo.plan import Plan
from geoapp.demo.routes import Routes, make_routes, write_routes
from geoapp.demo.rows import Writer
from geoapp.demo.sites import Sites, make_sites, write_sites


@dataclass(frozen=True)
class Scene:
    """The ground, the roads on it, and the sites, facilities and routes of a plan."""

    plan: Plan
    ground: Ground
    network: Network
    sites: Sites
    facilities: Facilities
    routes: Routes


def make_scene(ground: Ground, plan: Plan) -> Scene:
    """Lay out the scene of a plan."""
    network = build_network(ground, plan.generator("network"))
    sites = make_sites(ground, plan.generator("sites"))
    facilities = make_facilities(ground, network, sites, plan.generator("facilities"))
    routes = make_routes(ground, network, sites, facilities, number=plan.routes, rng=plan.generator("routes"))
    return Scene(plan, ground, network, sites, facilities, routes)


def write_scene(writer: Writer, scene: Scene) -> None:
    """Write roads, sites, facilities and routes."""
    write_roads(writer, scene.network)
    write_sites(writer, scene.ground, scene.sites, scene.plan, scene.plan.generator("site rows"))
    write_facilities(writer, scene.ground, scene.facilities, scene.plan.generator("facility rows"))
    write_routes(writer, scene.ground, scene.routes, scene.plan.generator("route rows"))
