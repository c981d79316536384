using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Times steps by events in the context's stream, to 0.5 microseconds.</summary>
internal sealed class CudaStepClock(CudaContext context) : StepClock
{
    private const double Resolution = 0.5e-6;

    private readonly List<CudaEvent> _marks = [];

    public override void Mark(int index)
    {
        if (index == _marks.Count) _marks.Add(context.Mark(timed: true));
        else _marks[index].Record(context.Stream);
    }

    public override double SecondsAfter(int index) => Math.Max(Resolution, _marks[index + 1].Since(_marks[index]).TotalSeconds);

    public override void Dispose()
    {
        foreach (CudaEvent mark in _marks) mark.Dispose();
        _marks.Clear();
    }
}
