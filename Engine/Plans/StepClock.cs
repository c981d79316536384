namespace GpuCnn.Engine.Plans;

/// <summary>Times the steps of a plan by marks that the device passes between them, without a wait after each step.</summary>
internal abstract class StepClock : IDisposable
{
    /// <summary>Sets a mark after all launches so far. A mark that was set before moves.</summary>
    /// <param name="index">From 0 on, without gaps.</param>
    public abstract void Mark(int index);

    /// <summary>Waits for the mark after <paramref name="index"/>, and returns the seconds between the two, above zero.</summary>
    public abstract double SecondsAfter(int index);

    public abstract void Dispose();
}
