"""The person's rights, by telephone number, in one command each (GDPR art. 15 to 21, S4, S10, S11, S14, S15, C8 to C13).

person    who is meant by a number, however it is written
finding   everything that is kept about that person, and the registers that name them
roles     who may run which command; asker says who asks
export    all of it written out, to take away: export_place and export_zip say where to, export_shape what of it, export_vcon each call in
          the IETF's form, export_page the pages to read, export_end the proof that it is whole
wishes    the wish not to be recorded; optouts enters it and takes it out, optout_list reads many, listed is what the daemon goes by
"""
