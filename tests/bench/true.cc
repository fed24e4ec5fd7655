// Static, so that the figures hold no dynamic loading.
int main() { return 0; }
