"""Tools that know nothing of shops: database, tenancy, modules, events, money, states, tables, datasets, documents."""
