namespace GpuCnn.Engine;

/// <summary>
/// A failure the user can act on. The message is one line: who found it, what was expected, what was got, and what to do next.
/// Commands print it as it is, without a stack trace.
/// </summary>
public class GpuCnnException : Exception
{
    public GpuCnnException(string message) : base(message) { }

    public GpuCnnException(string message, Exception inner) : base(message, inner) { }
}
