namespace GpuCnn.Compiler.Model;

internal abstract record Statement;

internal sealed record Block(EquatableArray<Statement> Statements) : Statement;

internal sealed record Declaration(DeviceType Type, string Name, Expression? Value) : Statement;

/// <summary>A shared or local array. Both dialects declare shared ones at the start of the kernel.</summary>
internal sealed record ArrayDeclaration(DeviceType Element, Space Space, string Name, Expression Length) : Statement;

/// <param name="Operator">The operator of a compound assignment whose sides have the same type; otherwise null.</param>
internal sealed record Assignment(Expression Target, BinaryOperator? Operator, Expression Value) : Statement;

internal sealed record Increment(Expression Target, bool IsDecrement) : Statement;

internal sealed record Evaluation(Expression Value) : Statement;

internal sealed record BarrierWait : Statement;

internal sealed record If(Expression Condition, Statement WhenTrue, Statement? WhenFalse) : Statement;

internal sealed record For(
    EquatableArray<Statement> Before, Expression? Condition, EquatableArray<Statement> Steps, Statement Body, bool IsUnrolled) : Statement;

internal sealed record While(Expression Condition, Statement Body) : Statement;

internal sealed record DoWhile(Expression Condition, Statement Body) : Statement;

internal sealed record Switch(Expression Value, EquatableArray<SwitchSection> Sections) : Statement;

/// <param name="Labels">The values; empty if the section has only the default label.</param>
internal sealed record SwitchSection(EquatableArray<Expression> Labels, bool IsDefault, EquatableArray<Statement> Statements);

internal sealed record Break : Statement;

internal sealed record Continue : Statement;

internal sealed record Return(Expression? Value) : Statement;
