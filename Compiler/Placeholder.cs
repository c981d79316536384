internal sealed class Placeholder;
