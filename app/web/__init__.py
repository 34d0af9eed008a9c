"""The top floor: two web apps over the stations, one for the staff and one behind the codes on the signs."""
