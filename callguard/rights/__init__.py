"""The person's rights, by telephone number, in one command each (GDPR art. 15 to 21, S4, S10, S11, S14, S15, C8 to C13).

person    who is meant by a number, however it is written
finding   everything that is kept about that person
wishes    the wish not to be recorded; optouts enters it and takes it out, optout_list reads many, listed is what the daemon goes by
"""
