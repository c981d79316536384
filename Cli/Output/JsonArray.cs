using GpuCnn.Runs;

namespace GpuCnn.Cli.Output;

/// <summary>Writes a JSON array element by element, as <see cref="Json"/> writes it as a whole.</summary>
internal sealed class JsonArray(TextWriter output)
{
    private bool _isOpen;

    public void Add<T>(T element)
    {
        // Line breaks within texts are escaped, so all of them are between elements.
        output.Write($"{(_isOpen ? "," : "[")}\n  {Json.Of(element).Replace("\n", "\n  ")}");
        _isOpen = true;
    }

    /// <summary>Ends the array and its line.</summary>
    public void End() => output.WriteLine(_isOpen ? "\n]" : "[]");
}
