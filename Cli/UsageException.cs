using GpuCnn.Engine;

namespace GpuCnn.Cli;

/// <summary>The command line asks for something that does not exist or contradicts itself: exit code 2.</summary>
internal sealed class UsageException : GpuCnnException
{
    public UsageException(string message) : base(message) { }

    public UsageException(GpuCnnException inner) : base(Advice.Describe(inner)) { }

    /// <inheritdoc cref="Guard{T}"/>
    public static void Guard(Action action) => _ = Guard(() =>
    {
        action();
        return true;
    });

    /// <summary>Runs <paramref name="action"/>, and turns its failures into wrong usage.</summary>
    public static T Guard<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (GpuCnnException exception)
        {
            throw new UsageException(exception);
        }
    }
}
