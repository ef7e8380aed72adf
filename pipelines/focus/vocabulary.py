"""Closed lists of the FOCUS specification: service categories, their subcategories, currencies."""

from functools import cache

# category: its subcategories, besides "Other (<category>)" which every category has
_SUBCATEGORIES: dict[str, tuple[str, ...]] = {
    "AI and Machine Learning": (
        "AI Platforms",
        "Bots",
        "Generative AI",
        "Machine Learning",
        "Natural Language Processing",
    ),
    "Analytics": (
        "Analytics Platforms",
        "Business Intelligence",
        "Data Processing",
        "Search",
        "Streaming Analytics",
    ),
    "Business Applications": ("Productivity and Collaboration",),
    "Compute": (
        "Containers",
        "End User Computing",
        "Quantum Compute",
        "Serverless Compute",
        "Virtual Machines",
    ),
    "Databases": (
        "Caching",
        "Data Warehouses",
        "Ledger Databases",
        "NoSQL Databases",
        "Relational Databases",
        "Time Series Databases",
    ),
    "Developer Tools": (
        "Continuous Integration and Deployment",
        "Developer Platforms",
        "Development Environments",
        "Quality Assurance",
        "Source Code Management",
    ),
    "Identity": ("Identity and Access Management",),
    "Integration": (
        "API Management",
        "Messaging",
        "Workflow Orchestration",
    ),
    "Internet of Things": (
        "IoT Analytics",
        "IoT Platforms",
    ),
    "Management and Governance": (
        "Architecture",
        "Compliance",
        "Cost Management",
        "Data Governance",
        "Disaster Recovery",
        "Endpoint Management",
        "Observability",
        "Support",
    ),
    "Media": (
        "Content Creation",
        "Gaming",
        "Media Streaming",
        "Mixed Reality",
    ),
    "Migration": (
        "Data Migration",
        "Resource Migration",
    ),
    "Mobile": (),
    "Multicloud": ("Multicloud Integration",),
    "Networking": (
        "Application Networking",
        "Content Delivery",
        "Network Connectivity",
        "Network Infrastructure",
        "Network Routing",
        "Network Security",
    ),
    "Other": (),
    "Security": (
        "Secret Management",
        "Security Posture Management",
        "Threat Detection and Response",
    ),
    "Storage": (
        "Backup Storage",
        "Block Storage",
        "File Storage",
        "Object Storage",
        "Storage Platforms",
    ),
    "Web": ("Application Platforms",),
}

SERVICE_CATEGORIES: tuple[str, ...] = tuple(_SUBCATEGORIES)

# subcategory: the one category it belongs to
SERVICE_SUBCATEGORIES: dict[str, str] = {
    name: category for category, names in _SUBCATEGORIES.items() for name in (*names, f"Other ({category})")
}


@cache
def currency_codes() -> frozenset[str]:
    """Every ISO 4217 alphabetic code in use."""
    from babel.core import get_global
    from babel.numbers import list_currencies

    in_use = {
        code
        for periods in get_global("territory_currencies").values()
        for code, _, end, tender in periods
        if end is None and tender
    }
    return frozenset(in_use & list_currencies())
