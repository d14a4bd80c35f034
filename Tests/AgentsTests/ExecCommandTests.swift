import Testing

@testable import Agents

@Suite("Command templates")
struct ExecCommandTests {
    @Test("the task replaces its placeholder as one argument")
    func build() {
        let task = "say \"hi\"; rm -rf / $(x) {task} \n€"
        #expect(
            ExecCommand.build(template: ["agent", "{task}", "--prompt={task}!", "{Task}", "{task"], task: task)
                == ["agent", task, "--prompt=\(task)!", "{Task}", "{task"])
        #expect(ExecCommand.build(template: ["{task}{task}"], task: "ab") == ["abab"])
        #expect(ExecCommand.build(template: ["a", ""], task: "t") == ["a", ""])
        #expect(ExecCommand.build(template: [], task: "t") == [])
    }

    @Test("a task reaches the command as one argument, whatever it contains")
    func oneArgument() throws {
        let task = "two  words\n'quotes' \"and\" $HOME *"
        let command = ExecCommand(
            template: ["/bin/sh", "-c", "printf '%s|' \"$#\" \"$@\"", "sh", "--prompt={task}"], task: task,
            stdinMode: .none, environment: plainEnvironment)
        let outcome = runToEnd(try ExecAgent(command))
        #expect(outcome.stdoutText == "1|--prompt=\(task)|")
    }
}
