"""Counterfoil: till, stock, purchasing, orders, customers, books and reports of a small retailer.

How to read this package: `core` holds tools that know nothing of shops, `permissions` everything a person may be
allowed
to do, `events` everything that can happen, and each other folder is one module of the same anatomy (models, services,
queries, forms, views, tables, datasets, handlers, cli). `app.py` lists the modules, bottom layer first; a module
imports only from layers below its own.
"""
