using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Kernels;

namespace GpuCnn.Engine.Plans;

/// <summary>
/// The seam between a plan and a kind of device. A plan says what is to happen in which order; a backend turns that into steps of its
/// device and tells which buffers each step uses; the plan then places the buffers, and the backend runs the steps.
/// </summary>
internal abstract class PlanBackend : IDisposable
{
    private readonly List<PlanBuffer> _buffers = [];
    private readonly List<PlanStep> _steps = [];
    private readonly List<PlanChoice> _choices = [];

    /// <summary>Every buffer that a step uses or that keeps its contents; the plan decides its offset.</summary>
    public IReadOnlyList<PlanBuffer> Buffers => _buffers;

    /// <summary>The steps emitted so far.</summary>
    public IReadOnlyList<PlanStep> Steps => _steps;

    public int StepCount => _steps.Count;

    /// <summary>The arena is allocated in pieces of at most this many bytes, a multiple of <see cref="MemoryPlan.Alignment"/>.</summary>
    public virtual long SlabBytes => long.MaxValue / 2 / MemoryPlan.Alignment * MemoryPlan.Alignment;

    /// <summary>Values that are stored as a part of another one. Set before the first step.</summary>
    public IReadOnlyDictionary<Value, Slice> Slices { get; set; } = new Dictionary<Value, Slice>();

    /// <summary>What there was to choose in the steps emitted so far.</summary>
    public IReadOnlyList<PlanChoice> Choices => _choices;

    /// <summary>Whether so many channels can be stored where the slice says.</summary>
    public abstract bool CanStore(Slice slice, int channels);

    /// <summary>The network's input from a host batch in NCHW.</summary>
    public abstract void AddInput(Value input);

    public abstract void AddForward(PlanNode node);

    /// <param name="isHead">Whether the loss is added to what the network's own loss has written.</param>
    public abstract void AddLoss(ILoss loss, Head output, bool isHead, bool gradient);

    /// <param name="inputs">For each input of the node, what to do with its gradient.</param>
    public abstract void AddBackward(PlanNode node, IReadOnlyList<GradientUse> inputs);

    public abstract void AddUpdate(IOptimizer optimizer);

    /// <summary>Allocates the arena and readies the steps. Called once, before the first run.</summary>
    public abstract void Link(long arenaBytes);

    public abstract void Upload(Batch batch, in StepScalars scalars);

    /// <summary>Runs steps [first, last).</summary>
    public abstract void Run(int first, int last);

    /// <summary>Waits for what was run.</summary>
    public virtual void Finish() { }

    /// <summary>Losses and ranks of the last run.</summary>
    public abstract void DownloadLosses(Span<float> losses, Span<int> ranks);

    /// <summary>A value of the last run, for each image in C, H, W order.</summary>
    public abstract void DownloadValue(Value value, Span<float> target);

    /// <summary>The gradient of the network's input, NCHW.</summary>
    public abstract void DownloadInputGradient(Span<float> target);

    public abstract void Dispose();

    /// <param name="persistent">Whether it keeps its place and its contents through and between steps.</param>
    protected PlanBuffer NewBuffer(string name, long bytes, bool persistent = false)
    {
        var buffer = new PlanBuffer(name, bytes, persistent);
        if (persistent) _buffers.Add(buffer);
        return buffer;
    }

    /// <summary>Appends a step. The buffers that it uses live while it runs.</summary>
    protected void AddStep(PlanStep step)
    {
        foreach (MemoryUse use in step.Uses)
        {
            if (use.Memory is not PlanBuffer buffer) continue;
            if (buffer.LastStep < 0 && !buffer.IsPersistent) _buffers.Add(buffer);
            buffer.UseAt(StepCount);
        }
        _steps.Add(step);
    }

    /// <summary>The algorithm of the step that is emitted next: what the options name, or else the fixed rule's.</summary>
    /// <param name="rule">One of the candidates, or one that only the rule takes.</param>
    protected TChoice Choose<TChoice>(string problem, TChoice rule, IReadOnlyList<TChoice> candidates, IReadOnlyDictionary<string, string>? algorithms) where TChoice : struct
    {
        // What is not known any more, from an older table, gives way to the rule.
        TChoice choice = algorithms?.GetValueOrDefault(problem) is { } named ? candidates.FirstOrDefault(candidate => candidate.ToString() == named, rule) : rule;
        _choices.Add(new(StepCount, problem, choice.ToString()!, rule.ToString()!, [.. candidates.Append(rule).Distinct().Select(candidate => candidate.ToString()!)]));
        return choice;
    }

    /// <summary>Counts all steps that were emitted since the last choice as its own.</summary>
    protected void EndChoice() => _choices[^1] = _choices[^1] with { End = StepCount };
}
