# ---
# title: "Hands in lung everywhere; the difference of uint8 for errors"
# loses:
#   q13_error_map_test: "differs in"
#   q14_baseline_test: "lung everywhere: are the pictures rescaled"
#   q14_good_test: "lung everywhere: are the pictures rescaled"
#   q14_excellent_test: "lung everywhere: are the pictures rescaled"
# files:
#   predictions.npz: other/everywhere.npz
# ---

# %% q13_error_map
def error_map(truth, predicted):
    return truth - predicted
