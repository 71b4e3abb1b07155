"""The person's rights, by telephone number, in one command each (GDPR art. 15 to 21, S4, S10, S11, S14, S15, C8 to C13).

    person, finding       who is meant by a number, however it is written; everything that is kept of them, and the registers that name them
    roles, asker          who may run which command; who asks
    wishes, optouts, optout_list, listed    the wish not to be recorded: entered, taken out, read from a list, and what the daemon goes by
    terms, requests, letters/, sender       what people ask for and by when it is due; the answers, and who signs them
    erasing, erasure      what goes, is cut and stays of a person, and why; done with proof
    remains               what is kept of them outside of calls and messages: in quarantine, and of their phones
    acts, objection, restriction, rectification    what else is done for a person who asks
    grounds, copies, releases, disclosures         what leaves the house: on which ground, with whose consent, and how a copy is known
    export                all of it written out, to take away: export_place and export_zip say where to, export_shape what of it,
                          export_vcon each call in the IETF's form, export_page the pages to read, export_end the proof that it is whole
    incident_terms, incidents, deadlines    what happened to people's data, and the clocks; what is due, of these and of requests

`erasing`, `grounds`, `incident_terms`, `roles` and `terms` decide, and import nothing but the standard library. Requests, copies,
incidents, acts, exports and denials are registers that only grow (:mod:`callguard.store.register_tables`): what comes later is a row of its
own, and each row has an entry in the ledger, which names nobody.
"""
