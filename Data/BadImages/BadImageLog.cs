using System.Text;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>An image that a run skipped.</summary>
/// <param name="Part">"train" or "validation".</param>
/// <param name="File">Its path, or its place within a file.</param>
/// <param name="Reason">The error, on one line.</param>
public sealed record BadImage(string Part, string File, string Reason);

/// <summary>
/// Records the images that a run could not read, each once: in memory, and in a CSV file (part,file,reason) once there is a folder for it.
/// Safe to use from several threads.
/// </summary>
/// <param name="policy">What the run does with them.</param>
public sealed class BadImageLog(BadImagePolicy policy)
{
    public const string FileName = "bad-images.csv";

    private const string Header = "part,file,reason";

    private readonly Lock _gate = new();
    private readonly List<BadImage> _found = [];
    private readonly HashSet<(string, string)> _known = [], _written = [];

    public BadImagePolicy Policy { get; } = policy;

    /// <summary>The CSV file, or null if the run has none.</summary>
    public string? Path { get; private set; }

    /// <summary>The images found so far, in order of discovery.</summary>
    public IReadOnlyList<BadImage> Found
    {
        get
        {
            lock (_gate) return [.. _found];
        }
    }

    /// <summary>Records in <paramref name="folder"/> from now on. Images that the file already lists are not listed again.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read or written.</exception>
    public void WriteTo(string folder)
    {
        lock (_gate)
        {
            Path = System.IO.Path.Combine(folder, FileName);
            if (File.Exists(Path))
            {
                string text = DataFile.Guard(Path, "read", () => File.ReadAllText(Path));
                foreach (IReadOnlyList<string> row in CsvText.Rows(text))
                    if (row is [var part, var file, _]) _written.Add((part, file));
            }
            foreach (BadImage image in _found) Append(image);
        }
    }

    internal void Add(BadImage image)
    {
        lock (_gate)
        {
            if (!_known.Add((image.Part, image.File))) return;
            _found.Add(image);
            Append(image);
        }
    }

    private void Append(BadImage image)
    {
        if (Path is not { } path || !_written.Add((image.Part, image.File))) return;
        DataFile.Guard(path, "write", () =>
        {
            // Append a line at a time, so that the file survives however the run ends.
            string line = CsvText.Line(image.Part, image.File, image.Reason);
            File.AppendAllText(path, File.Exists(path) ? line : CsvText.Line(Header.Split(',')) + line, Encoding.UTF8);
            return true;
        });
    }
}
