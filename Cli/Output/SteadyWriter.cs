using System.Text;

namespace GpuCnn.Cli.Output;

/// <summary>
/// Writes until the other end is gone, then drops the rest: a terminal that was closed must not end a run that is saving its checkpoint.
/// </summary>
internal sealed class SteadyWriter(TextWriter inner) : TextWriter
{
    private readonly Lock _gate = new();
    private bool _isGone;

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void WriteLine() => Try(inner.WriteLine);

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    private void Try(Action write)
    {
        lock (_gate)
        {
            if (_isGone) return;
            try
            {
                write();
            }
            catch (IOException)
            {
                _isGone = true;
            }
        }
    }
}
