"""The cases of the $translate suite, by subject; `writing` makes files of them in the format of HL7's tests."""
